"""Settings of the analysis of the metadata."""

from dataclasses import dataclass


@dataclass(frozen=True)
class TaskSettings:
    """Which field is predicted.

    Attributes
    ----------
    target : str
    predictors : tuple of str
    min_patients : int
        Values of the target that fewer patients have are left out.
    """

    target: str
    predictors: tuple[str, ...]
    min_patients: int


@dataclass(frozen=True)
class ValidationSettings:
    """How classifiers are validated.

    Attributes
    ----------
    folds, repeats : int
        Folds of a cross-validation, and times that it is repeated with other folds.
    permutations : int
        Of whole patients, in each test.
    seed : int
    """

    folds: int
    repeats: int
    permutations: int
    seed: int


@dataclass(frozen=True)
class Published:
    """An earlier study's accuracies by classifier, and why they differ from this one's."""

    study: str
    values: dict[str, float]
    why: str


@dataclass(frozen=True)
class AnalysisSettings:
    """How the metadata are analysed."""

    task: TaskSettings
    validation: ValidationSettings
    published: Published | None

    @property
    def published_accuracies(self) -> dict[str, float]:
        """The earlier study's, empty where there is none."""
        return {} if self.published is None else self.published.values
