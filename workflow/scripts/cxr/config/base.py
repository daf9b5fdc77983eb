"""Types that the sections of the config share."""

import math
from collections.abc import Iterable, Sequence
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    StringConstraints,
    model_validator,
)
from pydantic_core import core_schema

Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*$", max_length=60)]
Term = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]
Seed = Annotated[int, Field(ge=0, lt=2**32)]


class Section(BaseModel):
    """A part of the config; an unknown key is an error."""

    model_config = ConfigDict(extra="forbid", protected_namespaces=(), allow_inf_nan=False)


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


def unique_values(values: list[Any]) -> list[Any]:
    """The same, if nothing occurs in it twice."""
    if len(set(values)) < len(values):
        raise ValueError("a value occurs twice")
    return values


Unique = AfterValidator(unique_values)


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
