"""The levels of a field, within which null models are fitted and drawn."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from cxr.core.errors import InputError
from cxr.statistics.association import level_names

# A level with fewer of either is pooled with the other small ones.
MIN_IMAGES, MIN_PATIENTS = 10, 5
OTHERS = "other levels"


def levels_within(fields: pd.DataFrame, field: str, patients: np.ndarray) -> np.ndarray:
    """The level of each image that a null model keeps apart, str of shape (n,).

    Missing is a level, and a number's levels are its fifths. Levels with fewer than 10
    images or 5 patients are pooled; where these are still too few together, they count
    to the largest level.

    Parameters
    ----------
    fields : DataFrame, n rows
        As from `cxr.evidence.covariates.recorded_fields`.
    field : str
    patients : array of str, shape (n,)

    Raises
    ------
    InputError
        If the field is not recorded of any image.
    """
    if field not in fields:
        raise InputError(
            f"config key 'evidence.within': '{field}' is recorded of no image; name one of "
            f"{', '.join(map(str, fields.columns)) or 'nothing, since no field is recorded'}"
        )
    names = level_names(fields[field]).astype(object)
    sizes = pd.DataFrame({"level": names, "patient": patients}).groupby("level")["patient"]
    enough = (sizes.size() >= MIN_IMAGES) & (sizes.nunique() >= MIN_PATIENTS)
    large, rest = enough.index[enough], ~np.isin(names, enough.index[enough])
    if not len(large) or _is_large(rest, patients):
        names[rest] = OTHERS
    else:
        names[rest] = sizes.size()[large].idxmax()
    return names.astype(np.str_)


def level_sizes(
    fields: pd.DataFrame, field: str | None, patients: np.ndarray
) -> dict[str, Any] | None:
    """The `field` of `levels_within`, and the number of images of its `levels`; None without."""
    if field is None:
        return None
    names, sizes = np.unique(levels_within(fields, field, patients), return_counts=True)
    return {"field": field, "levels": dict(zip(names.tolist(), sizes.tolist(), strict=True))}


def _is_large(images: np.ndarray, patients: np.ndarray) -> bool:
    enough = images.sum() >= MIN_IMAGES and len(np.unique(patients[images])) >= MIN_PATIENTS
    return bool(enough)


@dataclass(frozen=True)
class Placement:
    """Where the images of each level lie, and how widely they scatter.

    With one level it is that of all images, which nothing is taken from: location 0,
    scale 1.

    Attributes
    ----------
    codes : int array, shape (n,)
        The level of each image, from 0.
    location : float array, shape (levels, d)
    scale : float array, shape (levels, 1)
        One number for all units, so that it is known well in small levels too.
    """

    codes: np.ndarray
    location: np.ndarray
    scale: np.ndarray

    @classmethod
    def of(cls, values: np.ndarray, codes: np.ndarray) -> "Placement":
        """The means of some values, shape (n, d), by level, and their scatter around these."""
        sizes = np.bincount(codes)
        location, scale = np.zeros((len(sizes), values.shape[1])), np.ones((len(sizes), 1))
        if len(sizes) == 1:
            return cls(codes, location, scale)
        np.add.at(location, codes, values)
        location /= sizes[:, None]
        inner = values - location[codes]
        spread = np.sqrt((inner**2).mean(axis=0))
        varying = spread > 1e-9 * np.abs(values).max(axis=0, initial=0)
        if varying.any():
            squares = ((inner[:, varying] / spread[varying]) ** 2).mean(axis=1)
            scale[:, 0] = np.sqrt(np.bincount(codes, squares) / np.maximum(sizes - 1, 1))
        return cls(codes, location, np.where(scale > 0, scale, 1.0))

    @classmethod
    def average(cls, placements: "list[Placement]") -> "Placement":
        """The mean location and scale of several."""
        location, scale = (
            np.mean([getattr(each, name) for each in placements], axis=0)
            for name in ("location", "scale")
        )
        return cls(placements[0].codes, location, scale)

    @property
    def zero(self) -> np.ndarray:
        """Where 0 lies among standardised values, shape (n, d)."""
        return (-self.location / self.scale)[self.codes]

    def standardise(self, values: np.ndarray) -> np.ndarray:
        """Values less their level's location, in its scale; as they are with one level."""
        if len(self.scale) == 1:
            return values
        return (values - self.location[self.codes]) / self.scale[self.codes]

    def restore(self, values: np.ndarray) -> np.ndarray:
        """The inverse of `standardise`."""
        return self.location[self.codes] + self.scale[self.codes] * values

    def place(self, drawn: np.ndarray) -> np.ndarray:
        """Drawn standardised values at their levels' locations, which become their means.

        The draws' own means are taken off, since the locations were estimated from as many
        images and would err twice; the variance that this costs is given back.
        """
        sizes = np.bincount(self.codes)
        if len(sizes) > 1:
            means = np.zeros_like(self.location)
            np.add.at(means, self.codes, drawn)
            n = len(self.codes)
            drawn = (drawn - (means / sizes[:, None])[self.codes]) * np.sqrt(n / (n - len(sizes)))
        return self.restore(drawn)
