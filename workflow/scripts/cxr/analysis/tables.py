"""The analysis of a study's metadata: all of its tables."""

from dataclasses import dataclass

import pandas as pd

from cxr.analysis.classifiers import predict_target
from cxr.analysis.description import before_and_after, frequencies, missing
from cxr.analysis.relations import relate
from cxr.analysis.settings import AnalysisSettings
from cxr.analysis.task import PredictionTask, encode


@dataclass(frozen=True)
class MetadataTables:
    """What the analysis comes to.

    Attributes
    ----------
    cleaning, frequencies, missing : DataFrame
        As `cxr.analysis.description` makes them.
    encoded : DataFrame
        The predictors as the classifiers use them.
    classifiers : DataFrame
        As `cxr.analysis.classifiers.predict_target` returns it.
    associations : DataFrame
        As `cxr.analysis.relations.relate` returns it.
    """

    cleaning: pd.DataFrame
    frequencies: pd.DataFrame
    missing: pd.DataFrame
    encoded: pd.DataFrame
    classifiers: pd.DataFrame
    associations: pd.DataFrame


def analyse_metadata(
    rows: pd.DataFrame,
    cleaning: pd.DataFrame,
    spellings: pd.DataFrame,
    settings: AnalysisSettings,
) -> MetadataTables:
    """Description, associations and classifiers of a study's metadata.

    Parameters
    ----------
    rows : DataFrame
        As `cxr.analysis.description.join` returns them.
    cleaning, spellings : DataFrame
        The tables that `clean_metadata` writes.
    settings : AnalysisSettings
    """
    target, predictors = settings.task.target, settings.task.predictors
    fields = [target, *predictors]
    validation = settings.validation
    task = PredictionTask.of(rows, settings.task)
    return MetadataTables(
        cleaning=before_and_after(cleaning, spellings),
        frequencies=frequencies(rows, rows[fields].select_dtypes(exclude="number").columns),
        missing=missing(rows, fields),
        encoded=encode(task),
        classifiers=predict_target(task, validation, settings.published_accuracies),
        associations=relate(rows, target, predictors, validation.permutations, validation.seed),
    )
