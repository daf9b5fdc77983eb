"""The search on null simulations: features drawn from a model without clusters."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa

from cxr.core.progress import Progress
from cxr.evidence.levels import levels_within
from cxr.evidence.null_models import fit_null
from cxr.evidence.sample import Sample, SampleSettings
from cxr.evidence.search import SearchGrid, SearchSettings, search
from cxr.evidence.thresholds import MinimumSize

SIMULATIONS = pa.schema(
    {
        "subject": pa.string(),
        "null": pa.string(),
        "replicate": pa.int64(),
        "consensus": pa.float64(),
        "agreement": pa.float64(),
        "balance_score": pa.float64(),
        "dbcv": pa.float64(),
        "n_clusters": pa.int64(),
    }
)


@dataclass(frozen=True)
class NullSettings:
    """The null simulations of one job.

    Attributes
    ----------
    subject : str
        "features", or the name of a control.
    null : str
        A key of `cxr.config.catalogue.null_models.NULL_MODELS`.
    first, last : int
        Numbers of the first and the last simulation.
    seed : int
    within : str or None
        The field within whose levels the null model is fitted and drawn.
    minimum : MinimumSize
    sample : SampleSettings
    search : SearchSettings
    """

    subject: str
    null: str
    first: int
    last: int
    seed: int
    within: str | None
    minimum: MinimumSize
    sample: SampleSettings
    search: SearchSettings


def search_simulations(
    sample: Sample, settings: NullSettings, fields: pd.DataFrame | None = None
) -> pd.DataFrame:
    """The best of the search in each null simulation of a job.

    Parameters
    ----------
    sample : Sample
    settings : NullSettings
    fields : DataFrame, optional
        As from `cxr.evidence.covariates.recorded_fields`, for `settings.within`.

    Returns
    -------
    DataFrame
        Columns as in `SIMULATIONS`; no row where the sample is too small.

    Raises
    ------
    InputError
        If the field of `settings.within` is recorded of no image.
    """
    if not sample.is_sufficient(settings.minimum):
        return SIMULATIONS.empty_table().to_pandas()
    grid = settings.search.grid_for(sample.n_images)
    replicates = range(settings.first, settings.last + 1)
    levels = None
    if settings.within is not None and fields is not None:
        recorded = fields.loc[sample.image_ids]
        levels = levels_within(recorded, settings.within, sample.patients)
    simulations = simulate_null(
        sample.features, sample.patients, grid, settings.null, replicates, settings.seed, levels
    )
    return simulations.assign(subject=settings.subject)


def simulate_null(
    features: np.ndarray,
    patients: np.ndarray,
    grid: SearchGrid,
    null: str,
    replicates: range,
    seed: int,
    levels: np.ndarray | None = None,
) -> pd.DataFrame:
    """The best of the search in simulations from a null model.

    Parameters
    ----------
    features : float array, shape (n, d)
    patients : array of str, shape (n,)
    grid : SearchGrid
    null : str
        A key of `cxr.config.catalogue.null_models.NULL_MODELS`.
    replicates : range
        Numbers of the simulations; each depends on its number and the seed alone.
    seed : int
    levels : array of str, shape (n,), optional
        Within which the model is fitted and drawn.

    Returns
    -------
    DataFrame
        The columns of `SIMULATIONS` but `subject`; where no cell was usable
        `agreement` is 0, `balance_score` infinite, `dbcv` and `consensus` -infinite.
    """
    simulate = fit_null(features, patients, null, seed, levels)
    progress = Progress(len(replicates), "null simulations")
    measured = SIMULATIONS.names[3:]
    rows = []
    for replicate in replicates:
        result = search(simulate(np.random.default_rng([seed, replicate])), grid)
        rows.append((null, replicate, *(getattr(result, name) for name in measured)))
        progress.step()
    return pd.DataFrame(rows, columns=["null", "replicate", *measured])
