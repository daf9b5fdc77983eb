"""Types that the sections of the config share."""

import math
from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    StringConstraints,
    model_validator,
)
from pydantic_core import PydanticCustomError, core_schema

from cxr.config.catalogue.projections import MODALITIES, VIEWS, find_modality, find_view

NAME_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9_-]*$"
Name = Annotated[str, StringConstraints(pattern=NAME_PATTERN, max_length=60)]
# Names that a message lists.
MOST_NAMES = 12
# Numbers that may stand for a word, as the labels 0 and 1; a longer one was another text.
LEAST_NO_WORD = 10**6


def _number_as_word(value: Any) -> Any:
    is_word = isinstance(value, int | float) and not isinstance(value, bool)
    return str(value) if is_word and abs(value) < LEAST_NO_WORD else value


Term = Annotated[
    str,
    BeforeValidator(_number_as_word),
    StringConstraints(min_length=1, strip_whitespace=True),
]
Seed = Annotated[int, Field(ge=0, lt=2**32)]


class Section(BaseModel):
    """A part of the config; an unknown key is an error."""

    model_config = ConfigDict(extra="forbid", protected_namespaces=(), allow_inf_nan=False)

    @model_validator(mode="before")
    @classmethod
    def _keys_are_known(cls, data: Any) -> Any:
        for key in data if isinstance(data, dict) else ():
            if key not in cls.model_fields:
                raise PydanticCustomError(
                    "unknown_key", "{hint}", {"key": key, "hint": cls._hint(key)}
                )
        return data

    @classmethod
    def _hint(cls, key: Any) -> str:
        """What is said of a key that is not known."""
        names = list(cls.model_fields)
        near = get_close_matches(str(key).casefold(), names, n=1, cutoff=0.6)
        if near:
            return f"is not known; did you mean {near[0]}?"
        if len(names) > MOST_NAMES:
            return "is not known; see docs/reference/config.md for every key"
        return f"is not known; the keys here are {', '.join(names)}"


def _expanded(path: str) -> str:
    """The path with the home for a tilde at its start, as a shell reads it."""
    if not path.startswith("~"):
        return path
    try:
        return str(Path(path).expanduser())
    except RuntimeError as error:
        raise ValueError("there is no home folder for ~; write the whole path") from error


# A place on this machine.
Location = Annotated[str, StringConstraints(min_length=1), AfterValidator(_expanded)]


class Published(Section):
    """Results of an earlier study, shown beside this one's."""

    study: Term = Field(description="The earlier study.")
    values: dict[Term, float] = Field(min_length=1, description="Its results by name.")
    why: Term = Field(description="Why they differ from this study's; shown in the report.")


class OneOf:
    """Marks a text that must be one of some names, as `Literal` does for names in a catalogue."""

    def __init__(self, names: Iterable[str]) -> None:
        self.names = tuple(names)

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> core_schema.CoreSchema:
        return core_schema.literal_schema(list(self.names))


def require_names(published: Published | None, names: Sequence[str]) -> Published | None:
    """The same, if each of its results has one of these names."""
    for name in published.values if published is not None else ():
        if name not in names:
            raise ValueError(f"values names '{name}'; the names are {', '.join(names)}")
    return published


def known_view(text: str) -> str:
    """The same text, if it means a view."""
    if find_view(text) is None:
        raise ValueError(f"must be a view in any usual spelling ({', '.join(VIEWS)})")
    return text


def known_modality(text: str) -> str:
    """The same text, if it means a modality."""
    if find_modality(text) is None:
        raise ValueError(f"must be a modality in any usual spelling ({', '.join(MODALITIES)})")
    return text


def unique_values(values: list[Any]) -> list[Any]:
    """The same, if nothing occurs in it twice."""
    if len(set(values)) < len(values):
        raise ValueError("a value occurs twice")
    return values


Unique = AfterValidator(unique_values)
View = Annotated[Term, AfterValidator(known_view)]
Modality = Annotated[Term, AfterValidator(known_modality)]


class Range(Section):
    """Evenly spaced values from `start` to `stop`, both included."""

    start: float = Field(description="First value.")
    stop: float = Field(description="Last value, included when the steps reach it.")
    step: float = Field(default=1.0, gt=0, description="Distance of two values.")

    @model_validator(mode="after")
    def _ascending(self) -> "Range":
        if self.stop <= self.start:
            raise ValueError(f"stop ({self.stop:g}) must be greater than start ({self.start:g})")
        if (self.stop - self.start) / self.step > 1e6:
            raise ValueError("more than a million values; use a larger step")
        return self

    def values(self) -> list[float]:
        """The values, as floats of start + i * step."""
        count = math.floor((self.stop - self.start) / self.step + 1e-9) + 1
        return [self.start + i * self.step for i in range(count)]
