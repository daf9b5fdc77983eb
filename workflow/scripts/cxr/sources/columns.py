"""The columns that a config names, among those that a table has."""

import difflib
import unicodedata
from collections.abc import Collection, Iterable, Sequence


def plain(name: object) -> str:
    """A column's name without what programs change: case, white space and invisible letters."""
    letters = unicodedata.normalize("NFKC", str(name)).casefold()
    return "".join(
        letter for letter in letters if unicodedata.category(letter) not in ("Cc", "Cf", "Zs")
    )


def find_column(name: str, names: Iterable[str]) -> str | None:
    """The column of that name, else the only one that differs in case and white space alone."""
    names = list(names)
    if name in names:
        return name
    alike = list(dict.fromkeys(other for other in names if plain(other) == plain(name)))
    return alike[0] if len(alike) == 1 else None


def count_columns(names: Iterable[object], wanted: Collection[str]) -> int:
    """How many of the `wanted` names a row holds."""
    held = set(map(plain, names))
    return sum(plain(name) in held for name in wanted)


def no_column(name: str, names: Sequence[str]) -> str:
    """What to say of a column that a table lacks: the names like it, and all names."""
    alike = [other for other in names if plain(other) == plain(name)]
    near = alike or difflib.get_close_matches(plain(name), map(plain, names), n=3, cutoff=0.6)
    meant = [other for other in names if other in alike or plain(other) in near]
    hint = f" (did you mean {' or '.join(map(repr, meant))}?)" if meant else ""
    listed = ", ".join(list(names)[:30]) + (", ..." if len(names) > 30 else "")
    return f"no column {name!r}{hint}; its columns are {listed}"
