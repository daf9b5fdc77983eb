"""What a page is made by, from a rule's `cfg`."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

Metric = Literal["cosine", "centred", "euclidean"]


@dataclass(frozen=True)
class AppSettings:
    """How the page of one network is made.

    Attributes
    ----------
    study, model, title : str
    seed : int
        Of samples of the cohort.
    device : str
        As of `cxr.networks.device.choose_device`.
    metric : Metric
        By which images are similar.
    k : int
        Similar images that are shown.
    external : tuple of str
        Sources of external validation.
    """

    study: str
    model: str
    title: str
    seed: int
    device: str
    metric: Metric
    k: int
    external: tuple[str, ...]

    @classmethod
    def of(cls, cfg: Mapping[str, Any]) -> "AppSettings":
        """From a plain dict of its attributes."""
        return cls(**{**cfg, "external": tuple(cfg["external"])})
