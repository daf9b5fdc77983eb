"""Names of recorded fields in a config, those of a study's own sources among them."""

import difflib
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Annotated, Any

from pydantic import AfterValidator, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import core_schema

from cxr.config.base import OneOf
from cxr.config.catalogue.fields import NAME, OF_READERS, name_problem
from cxr.config.dicom_tags import field_of, treatment


class RecordedField(OneOf):
    """Marks a text that is one of some recorded fields, or a field of the study's own.

    Which ones these are the sources say, see `unknown_field`.
    """

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> core_schema.CoreSchema:
        return core_schema.str_schema(strip_whitespace=True, min_length=1)

    def __get_pydantic_json_schema__(
        self, schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return {"anyOf": [{"enum": list(self.names)}, {"type": "string", "pattern": _PATTERN}]}


_PATTERN = f"^{NAME.pattern}$"


def _free_name(name: str) -> str:
    problem = name_problem(name)
    if problem:
        raise ValueError(f"can't be a field of your own: {problem}")
    return name


def _usable_tag(keyword: str) -> str:
    with suppress(ImportError):  # pydicom may be in the jobs' environment alone; they check too
        treatment(keyword)
    problem = name_problem(field_of(keyword))
    if problem:
        raise ValueError(f"{keyword} would be the field {field_of(keyword)}: {problem}")
    return keyword


OwnTag = Annotated[str, AfterValidator(_usable_tag)]
OwnName = Annotated[str, AfterValidator(_free_name)]


def fields_of(source: Any) -> list[str]:
    """The own fields that a source of the config brings, sorted."""
    names = {*OF_READERS.get(getattr(source, "reader", ""), ())}
    for section in ("columns", "constants"):
        names |= set(getattr(getattr(source, section, None), "fields", ()))
    return sorted(names | {field_of(tag) for tag in getattr(source, "tags", ())})


def unlike_spellings(sources: Mapping[str, Any]) -> str | None:
    """What is wrong where two own fields differ in the case of letters alone, None if none do."""
    spelt: dict[str, tuple[str, str]] = {}
    for source, config in sources.items():
        for name in fields_of(config):
            other, first = spelt.setdefault(name.casefold(), (name, source))
            if other != name:
                return (
                    f"sources.{source} has the field '{name}', sources.{first} has '{other}'; "
                    f"spell them alike"
                )
    return None


def unknown_field(key: str, name: str, shared: Iterable[str], own: Iterable[str]) -> str | None:
    """What is wrong with a name that a key of the config gives, None if it is a field."""
    known = [*shared, *own]
    if name in known:
        return None
    near = difflib.get_close_matches(name, known, 1) or known[:0]
    folded = [other for other in known if other.casefold() == name.casefold()]
    hint = f"did you mean '{(folded or near)[0]}'?" if folded or near else "name one of those"
    return (
        f"{key} names '{name}', which is no recorded field: {', '.join(shared)}, and of your "
        f"sources {', '.join(own) or 'none'}; {hint}"
    )
