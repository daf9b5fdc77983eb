"""Keys that a config file has twice: YAML's readers keep the last one and drop the others."""

from collections.abc import Iterator
from pathlib import Path

import yaml

from cxr.core.errors import InputError


def require_unique_keys(path: str | Path) -> None:
    """Checks that no key of a config file is repeated in its section.

    A file that is no YAML passes: its reader says so.

    Raises
    ------
    InputError
        With the first repeated key and its lines.
    """
    for key, first, second in repeated_keys(path):
        raise InputError(
            f"{path}: the key '{key}' is in lines {first} and {second}, of which YAML keeps the "
            f"last alone; remove or rename one"
        )


def repeated_keys(path: str | Path) -> list[tuple[str, int, int]]:
    """The keys that a config file repeats in a section, dotted, with both lines of each."""
    try:
        tree = yaml.compose(Path(path).read_text(encoding="utf-8"), Loader=yaml.SafeLoader)
    except (yaml.YAMLError, UnicodeDecodeError, OSError):
        return []
    return [] if tree is None else list(_repeated(tree, ""))


def _repeated(node: yaml.Node, above: str) -> Iterator[tuple[str, int, int]]:
    """The repeated keys below a node, dotted, with the lines of the first and of the later one."""
    if isinstance(node, yaml.SequenceNode):
        for position, item in enumerate(node.value):
            yield from _repeated(item, f"{above}{position}.")
    if not isinstance(node, yaml.MappingNode):
        return
    lines: dict[str, int] = {}
    for key, value in node.value:
        name, line = str(key.value), key.start_mark.line + 1
        if name in lines and name != "<<":
            yield f"{above}{name}", lines[name], line
        lines[name] = line
        yield from _repeated(value, f"{above}{name}.")
