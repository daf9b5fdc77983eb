"""The config's JSON Schema and reference table, written from its model.

python -m cxr.config.reference            writes both
python -m cxr.config.reference --check    fails when one is out of date
"""

import argparse
import json
import sys
import types
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from annotated_types import Ge, Gt, Le, Lt
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from cxr.config.base import OneOf
from cxr.config.fields import RecordedField
from cxr.config.study import Config
from cxr.core.io import write_text
from cxr.core.paths import ROOT

SCHEMA = ROOT / "workflow" / "schemas" / "config.schema.json"
PAGE = ROOT / "docs" / "reference" / "config.md"
BEGIN = "<!-- reference: written by `make reference` from workflow/scripts/cxr/config/ -->"
END = "<!-- end of reference -->"


def schema() -> str:
    """The JSON Schema of a study's config, for editors."""
    document = Config.model_json_schema()
    document["title"] = "cxr-clusters study"
    return json.dumps(document, indent=2) + "\n"


def table() -> str:
    """The reference table in Markdown: a row a key, in the order of the model."""
    lines = ["| key | type | default | meaning |", "| --- | --- | --- | --- |"]
    lines += [
        "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in row) + " |"
        for row in _rows(Config, "")
    ]
    return "\n".join(lines) + "\n"


def _rows(model: type[BaseModel], prefix: str) -> Iterator[tuple[str, str, str, str]]:
    for name, field in model.model_fields.items():
        key = f"{prefix}{name}"
        models = list(_models(field.annotation))
        # pydantic takes the annotation of a whole field apart.
        names = [part for part in field.metadata if isinstance(part, OneOf)]
        kind = _one_of(names[0]) if names else _kind(field.annotation)
        yield f"`{key}`", kind + _bounds(field), _default(field), field.description or ""
        inner = f"{key}.<name>." if get_origin(field.annotation) is dict else f"{key}."
        for part in models:
            tag = part.model_fields.get("kind")
            if tag is not None:
                doc = (part.__doc__ or "").strip()
                yield f"`{inner}kind: {get_args(tag.annotation)[0]}`", "", "", doc
            if part.__name__ != "Range":
                yield from (row for row in _rows(part, inner) if row[0] != f"`{inner}kind`")


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    """The config sections inside a type, in order."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from _models(part)


def _kind(annotation: Any) -> str:
    """A type in words."""
    origin, parts = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        names = [part for part in parts[1:] if isinstance(part, OneOf)]
        return _one_of(names[0]) if names else _kind(parts[0])
    if origin is Literal:
        return _names(parts)
    if origin in (Union, types.UnionType):
        kinds = dict.fromkeys(_kind(part) for part in parts if part is not type(None))
        return " or ".join(kinds) + (" or null" if type(None) in parts else "")
    if origin is list:
        return f"list of {_kind(parts[0])}"
    if origin is dict:
        return f"mapping of names to {_kind(parts[1])}"
    return _name(annotation)


def _one_of(names: OneOf) -> str:
    own = " or a field of your own" if isinstance(names, RecordedField) else ""
    return _names(names.names) + own


def _names(names: Sequence[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _name(annotation: Any) -> str:
    names = {int: "whole number", float: "number", str: "text", bool: "true or false"}
    if annotation in names:
        return names[annotation]
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return "range (start, stop, step)" if annotation.__name__ == "Range" else "section"
    return str(annotation)


def _bounds(field: FieldInfo) -> str:
    signs = {Ge: "≥", Gt: ">", Le: "≤", Lt: "<"}
    words = [
        f"{sign} {getattr(bound, kind.__name__.lower()):g}"
        for bound in field.metadata
        for kind, sign in signs.items()
        if isinstance(bound, kind)
    ]
    return f", {', '.join(words)}" if words else ""


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    default = field.get_default(call_default_factory=True)
    if isinstance(default, BaseModel):
        if type(default).__name__ != "Range":
            return ""
        default = default.model_dump()
    if isinstance(default, float):
        return f"`{default:.4g}`"
    return f"`{json.dumps(default)}`"


def documents() -> dict[Path, str]:
    """What the two files should hold."""
    text = PAGE.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not end:
        raise SystemExit(f"error: {PAGE} lacks the lines {BEGIN!r} and {END!r}")
    return {SCHEMA: schema(), PAGE: f"{before}{BEGIN}\n{table()}{END}{after}"}


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--check", action="store_true", help="only say whether they are current")
    check = parser.parse_args().check
    for path, text in documents().items():
        current = path.read_text(encoding="utf-8") if path.exists() else ""
        if current == text:
            continue
        if check:
            sys.exit(f"error: {path.relative_to(ROOT)} is out of date; run make reference")
        write_text(text, path)


if __name__ == "__main__":
    main()
