"""The search on null simulations: features drawn from a model without clusters."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd
import pyarrow as pa

from cxr.core.progress import Progress
from cxr.embedding.knn import Neighbours
from cxr.evidence.feature_clusters import STATISTIC, cluster_features
from cxr.evidence.levels import levels_within
from cxr.evidence.many_searches import PendingSearch, run_searches
from cxr.evidence.null_models import Sampler, fit_null
from cxr.evidence.sample import Sample, SampleSettings, are_sufficient
from cxr.evidence.search import (
    SearchedMaps,
    SearchGrid,
    SearchResult,
    SearchSettings,
    best_of_maps,
    neighbours_for,
)
from cxr.evidence.thresholds import MinimumSize

# What a simulation gives: its search, and the highest DBCV in the space of its features.
Simulated = tuple[SearchResult, float]

SIMULATIONS = pa.schema(
    {
        "subject": pa.string(),
        "null": pa.string(),
        "replicate": pa.int64(),
        "sample": pa.int64(),
        "consensus": pa.float64(),
        "agreement": pa.float64(),
        "balance_score": pa.float64(),
        "dbcv": pa.float64(),
        "n_clusters": pa.int64(),
        STATISTIC: pa.float64(),
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
    whole: Sample,
    settings: NullSettings,
    fields: pd.DataFrame | None = None,
    threads: int = 1,
) -> pd.DataFrame:
    """The best of the search in each null simulation of a job.

    Of a sampled study each simulation simulates every sample, from a model that is fitted to it.

    Parameters
    ----------
    whole : Sample
        All images of the study.
    settings : NullSettings
    fields : DataFrame, optional
        As from `cxr.evidence.covariates.recorded_fields`, for `settings.within`.
    threads : int
        As of `cxr.evidence.many_searches.run_searches`.

    Returns
    -------
    DataFrame
        Columns as in `SIMULATIONS`; no row where a sample is too small.

    Raises
    ------
    InputError
        If the field of `settings.within` is recorded of no image.
    """
    samples = whole.draw(settings.sample)
    if not are_sufficient(samples, settings.minimum):
        return SIMULATIONS.empty_table().to_pandas()
    replicates, tables = range(settings.first, settings.last + 1), []
    for number, sample in enumerate(samples):
        levels = None
        if settings.within is not None and fields is not None:
            recorded = fields.loc[sample.image_ids]
            levels = levels_within(recorded, settings.within, sample.patients)
        draw = fit_null(sample.features, sample.patients, settings.null, settings.seed, levels)
        grid = settings.search.grid_for(sample.n_images)
        searches = _pending(draw, sample.n_images, grid, replicates, settings.seed, number)
        tables.append(_search_draws(searches, replicates, number, threads))
    simulations = pd.concat(tables, ignore_index=True)
    return simulations.assign(subject=settings.subject, null=settings.null)


def simulate_null(
    features: np.ndarray,
    patients: np.ndarray,
    grid: SearchGrid,
    null: str,
    replicates: range,
    seed: int,
    levels: np.ndarray | None = None,
) -> pd.DataFrame:
    """The best of the search in simulations from a null model of one sample.

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
        `feature_dbcv` is -infinite where the features have no usable clustering.
    """
    draw = fit_null(features, patients, null, seed, levels)
    searches = _pending(draw, len(features), grid, replicates, seed, 0)
    return _search_draws(searches, replicates, 0, 1).assign(null=null)


def _pending(
    draw: Sampler, n_images: int, grid: SearchGrid, replicates: range, seed: int, sample: int
) -> Iterator[PendingSearch[Simulated]]:
    """The search of each simulation, which is drawn when it is its turn."""

    def simulated(replicate: int) -> tuple[np.ndarray, Neighbours]:
        features = draw(np.random.default_rng([seed, replicate, sample]))
        return features, neighbours_for(features, grid)

    def finish(features: np.ndarray, maps: SearchedMaps) -> Simulated:
        return best_of_maps(maps, grid), cluster_features(features, grid).dbcv

    for replicate in replicates:
        yield PendingSearch(n_images, grid, 0, partial(simulated, replicate), finish)


def _search_draws(
    searches: Iterator[PendingSearch[Simulated]], replicates: range, sample: int, threads: int
) -> pd.DataFrame:
    progress = Progress(len(replicates), "null simulations")
    measured = SIMULATIONS.names[4:-1]
    rows = []
    results = run_searches(searches, threads)
    for replicate, (result, in_features) in zip(replicates, results, strict=True):
        values = (getattr(result, name) for name in measured)
        rows.append((replicate, sample, *values, in_features))
        progress.step()
    return pd.DataFrame(rows, columns=["replicate", "sample", *measured, STATISTIC])
