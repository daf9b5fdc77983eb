"""What the page says from the study's config."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class ReportSettings:
    """What the page says from the study's config.

    Attributes
    ----------
    study, title, question : str
        The study's name, and words of the report.
    modality : str, optional
        Of the images; None where only features are given.
    predicted : pair of a str and a sequence of str, optional
        The field that the analysis of the metadata predicts, and its predictors.
    published : mapping of str to mapping
        For `metadata` and `tags` an earlier study's numbers, with `study` and `why`; None
        where there are none.
    """

    study: str
    title: str
    question: str
    modality: str | None = "X-ray"
    predicted: tuple[str, Sequence[str]] | None = None
    published: Mapping[str, Mapping[str, Any] | None] = field(default_factory=dict)


def report_settings(config: Mapping[str, Any]) -> ReportSettings:
    """What the page says from a resolved config."""
    analysis, cohort = config["analysis"], config["cohort"]
    return ReportSettings(
        study=config["study"],
        **config["report"],
        modality=None if cohort is None else cohort["modality"],
        predicted=None if analysis is None else (analysis["target"], analysis["predictors"]),
        published={
            "metadata": None if analysis is None else analysis["published"],
            "tags": config["evaluation"]["published"],
        },
    )
