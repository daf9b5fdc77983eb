"""Settings of the search for similar images that several modules use."""

from dataclasses import dataclass

from cxr.similarity.space import Metric


@dataclass(frozen=True)
class SeverityThresholds:
    """Extents of the disease (0 to 8) that divide images into groups.

    Attributes
    ----------
    infected, serious : float
        The least extent of an infected, and of a seriously infected, image.
    """

    infected: float
    serious: float


@dataclass(frozen=True)
class ComparisonSettings:
    """How the searches of a study are compared, and severity is estimated.

    Attributes
    ----------
    k : int
        Neighbours of an image.
    metric : Metric
    own_patient : bool
        Whether images of a query's own patient count as its neighbours.
    space : str
        Where the features are from: trained, encoder or external.
    baselines : tuple of str
        Names of the control features that are searched too.
    severity : SeverityThresholds
    seed : int
    """

    k: int
    metric: Metric
    own_patient: bool
    space: str
    baselines: tuple[str, ...]
    severity: SeverityThresholds
    seed: int
