"""The mutants of a module, as cosmic-ray's operators make them."""

import ast
import difflib
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path

from cosmic_ray.ast import ast_nodes, get_ast
from cosmic_ray.mutating import mutate_code
from cosmic_ray.plugins import get_operator, operator_names

from cxr.core.paths import PACKAGE

FOLDER = Path(__file__).parent
# An operator is replaced by one of its own kind: most others end in a TypeError at once, and
# would only flatter the share that is killed.
KINDS = (
    {"Add", "Sub", "Mul", "Div", "FloorDiv", "Mod", "Pow"},
    {"BitOr", "BitAnd", "BitXor"},
    {"RShift", "LShift"},
    {"Eq", "NotEq", "Lt", "LtE", "Gt", "GtE"},
    {"Is", "IsNot"},
    {"UAdd", "USub", "Delete"},
    {"Invert", "Delete"},
    {"Not", "Delete"},
)
NEED_ARGUMENTS = {"core/VariableReplacer", "core/VariableInserter"}


@dataclass(frozen=True)
class Mutant:
    """One changed place of a module.

    Attributes
    ----------
    module : str
        Path below the library's folder.
    operator : str
        cosmic-ray's; empty for one that was written by hand.
    occurrence : int
        Which of the operator's places in the module.
    line : int
    """

    module: str
    operator: str
    occurrence: int
    line: int


@dataclass(frozen=True)
class Change:
    """The text of a mutant.

    Attributes
    ----------
    source : str
        The whole module, mutated.
    before, after : str
        The lines that differ, stripped and joined.
    """

    source: str
    before: str
    after: str


@dataclass(frozen=True)
class Equivalent:
    """Mutants that change nothing that a test could see.

    Attributes
    ----------
    module, before, after : str
        Patterns of a shell. `before` and `after` are as in `Change`: no number of a line.
    reason : str
    """

    module: str
    before: str
    after: str
    reason: str

    def covers(self, module: str, change: Change) -> bool:
        """Whether a mutant is one of these."""
        pairs = ((module, self.module), (change.before, self.before), (change.after, self.after))
        return all(fnmatchcase(text, pattern) for text, pattern in pairs)


def modules(package: str) -> list[str]:
    """The modules of a package, as paths below the library's folder."""
    paths = sorted((PACKAGE / package).glob("*.py"))
    return [f"{package}/{path.name}" for path in paths if path.name != "__init__.py"]


@cache
def read(module: str) -> str:
    """The text of a module."""
    return (PACKAGE / module).read_text()


def mutants_of(module: str) -> list[Mutant]:
    """All mutants of a module, but for those of annotations."""
    counts = dict.fromkeys(_operators(), 0)
    annotations = list(_annotations(ast.parse(read(module))))
    found = []
    for node in ast_nodes(get_ast(read(module))):
        for name, operator in _operators().items():
            for (line, column), _ in operator().mutation_positions(node):
                if not any(start <= (line, column) < end for start, end in annotations):
                    found.append(Mutant(module, name, counts[name], line))
                counts[name] += 1
    return found


def change(mutant: Mutant) -> Change | None:
    """The text of a mutant; None where it is no Python, which cosmic-ray can't know."""
    before = read(mutant.module)
    after = mutate_code(before, get_operator(mutant.operator)(), mutant.occurrence)
    try:
        compile(after, mutant.module, "exec")
    except SyntaxError:
        return None
    return _change(before, after)


def by_hand() -> list[tuple[Mutant, Change]]:
    """The mutants of `by_hand.toml`, each of a place that occurs once in its module."""
    listed = tomllib.loads((FOLDER / "by_hand.toml").read_text())["mutant"]
    found = []
    for entry in listed:
        module, source = entry["module"], read(entry["module"])
        if source.count(entry["before"]) != 1:
            raise SystemExit(f"by_hand.toml: {entry['before']!r} is not once in {module}")
        line = source[: source.index(entry["before"])].count("\n") + 1
        after = source.replace(entry["before"], entry["after"])
        found.append((Mutant(module, "", 0, line), _change(source, after)))
    return found


def equivalents() -> list[Equivalent]:
    """The list of `equivalent.toml`."""
    listed = tomllib.loads((FOLDER / "equivalent.toml").read_text())["equivalent"]
    return [
        Equivalent(_literal(e["module"]), _literal(e["before"]), _literal(after), e["reason"])
        for e in listed
        for after in ([e["after"]] if isinstance(e["after"], str) else e["after"])
    ]


def _literal(pattern: str) -> str:
    """Brackets are no pattern here: code is full of them; a star is one where it says `{*}`."""
    plain = "".join(f"[{c}]" if c in "[]*?" else c for c in pattern.replace("{*}", "\0"))
    return plain.replace("\0", "*")


def _change(before: str, after: str) -> Change:
    matcher = difflib.SequenceMatcher(None, before.splitlines(), after.splitlines(), autojunk=False)
    parts: list[list[str]] = [[], []]
    for kind, start, end, other_start, other_end in matcher.get_opcodes():
        if kind != "equal":
            parts[0] += matcher.a[start:end]
            parts[1] += matcher.b[other_start:other_end]
    removed, added = (" ".join(" ".join(lines).split()) for lines in parts)
    return Change(after, removed, added)


@cache
def _operators() -> dict[str, type]:
    names = [name for name in operator_names() if name not in NEED_ARGUMENTS]
    return {name: get_operator(name) for name in names if _is_kept(name)}


def _is_kept(name: str) -> bool:
    kind, *pair = name.removeprefix("core/").split("_")
    if not kind.endswith("Operator"):
        return True
    return any(set(pair) <= alike for alike in KINDS)


def _annotations(tree: ast.AST) -> Iterator[tuple[tuple[int, int], tuple[int, int]]]:
    """Start and end, line and column, of what only type checkers read."""
    for node in ast.walk(tree):
        given = [getattr(node, "annotation", None), getattr(node, "returns", None)]
        for part in given:
            if isinstance(part, ast.expr):
                start = (part.lineno, part.col_offset)
                yield start, (part.end_lineno or 0, part.end_col_offset or 0)
