"""The search repeated on resampled patients, other initial positions, retrained networks."""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial
from itertools import product

import numpy as np
import pandas as pd
import pyarrow as pa

from cxr.clustering.ranking import best_cell
from cxr.core.progress import Progress
from cxr.embedding.knn import Neighbours
from cxr.evidence.many_searches import PendingSearch, run_searches
from cxr.evidence.sample import Sample, SampleSettings, are_sufficient
from cxr.evidence.search import (
    SearchedMaps,
    SearchGrid,
    SearchResult,
    SearchSettings,
    best_of_maps,
    draw_maps,
    neighbours_for,
)
from cxr.evidence.stability import in_view
from cxr.evidence.thresholds import MinimumSize
from cxr.statistics.permutation import bootstrap_patients, subsample_patients

Prepare = Callable[[], tuple[np.ndarray, Neighbours]]

SHARE = 0.8
KINDS = ("bootstrap", "subsample", "start")
TRAINING = "training"
REPEATS = pa.schema(
    {
        "kind": pa.string(),
        "turn": pa.int64(),
        "sample": pa.int64(),
        "image_id": pa.string(),
        "cluster": pa.int32(),
    }
)


@dataclass(frozen=True)
class ResamplingSettings:
    """How a search is repeated.

    Attributes
    ----------
    resamples : int
        Repetitions of each of `KINDS`, which the samples share.
    seed : int
    minimum : MinimumSize
    sample : SampleSettings
    search : SearchSettings
    """

    resamples: int
    seed: int
    minimum: MinimumSize
    sample: SampleSettings
    search: SearchSettings


@dataclass(frozen=True)
class RepeatedSearch:
    """What is searched again in one sample.

    Attributes
    ----------
    sample : Sample
    grid : SearchGrid
    perplexity_share : float
        The selected perplexity as a share of the images; with fewer images it is
        lower in proportion.
    n_clusters : int
        The study's number of clusters, or of those in view.
    """

    sample: Sample
    grid: SearchGrid
    perplexity_share: float
    n_clusters: int


def repeat_searches(
    whole: Sample,
    retrained: Sequence[Sample],
    ranking: pd.DataFrame,
    settings: ResamplingSettings,
    clusters: pd.DataFrame | None = None,
    threads: int = 1,
) -> pd.DataFrame:
    """All repetitions of a study's search, which its samples take in turn.

    Parameters
    ----------
    whole : Sample
        All images of the study.
    retrained : sequence of Sample
        The same images in the features of retrained networks; the whole search
        runs on these.
    ranking : DataFrame
        Its best cell gives the number of clusters, and the perplexity at which
        patients and initial positions vary.
    settings : ResamplingSettings
    clusters : DataFrame, optional
        The study's, `image_id, cluster`. They are needed of a sampled study: each sample is
        searched for as many clusters as it has in view, at the perplexity that suits it.
    threads : int
        As of `cxr.evidence.many_searches.run_searches`.

    Returns
    -------
    DataFrame
        Columns as in `REPEATS`; `kind` is of `KINDS`, or "training". No row
        without a best cell, or with too few images or patients.
    """
    cell, samples = best_cell(ranking, "tsne"), whole.draw(settings.sample)
    if cell is None or not are_sufficient(samples, settings.minimum):
        return REPEATS.empty_table().to_pandas()
    share, k = float(cell["perplexity"]) / float(cell["n_images"]), int(cell["n_clusters"])
    searches = [
        RepeatedSearch(sample, settings.search.grid_for(sample.n_images), share, k)
        for sample in samples
    ]
    seen = None if clusters is None else in_view(clusters, k, [s.image_ids for s in samples])
    if seen is not None:
        searches = [
            _scaled(each, int(row.sum()) or k) for each, row in zip(searches, seen, strict=True)
        ]
    repeats = list(resampled_searches(searches, settings, threads))
    for turn, other in enumerate(retrained):
        number = turn % len(searches)
        each, features = searches[number], other.draw(settings.sample)[number].features
        labels = _best(features, each).labels
        repeats.append((TRAINING, number, np.arange(each.sample.n_images), labels))
    tables = [
        pd.DataFrame(
            {
                "kind": kind,
                "turn": turn,
                "sample": number,
                "image_id": samples[number].image_ids[images].astype(object),
                "cluster": labels.astype(np.int32),
            }
        )
        for turn, (kind, number, images, labels) in enumerate(repeats)
    ]
    return pd.concat(tables, ignore_index=True)


def _scaled(each: RepeatedSearch, n_clusters: int) -> RepeatedSearch:
    """The search of a sample into so many clusters, at the perplexity that selects them there.

    In proportion to the images the study's perplexity would be below 1 in a small sample.
    """
    found = _best(each.sample.features, replace(each, n_clusters=n_clusters))
    share = found.perplexity / each.sample.n_images if found.n_clusters else each.perplexity_share
    return replace(each, perplexity_share=share, n_clusters=n_clusters)


def _best(features: np.ndarray, each: RepeatedSearch) -> SearchResult:
    return repeat_search(neighbours_for(features, each.grid), each.grid, each.n_clusters)


def resampled_searches(
    searches: Sequence[RepeatedSearch], settings: ResamplingSettings, threads: int = 1
) -> Iterator[tuple[str, int, np.ndarray, np.ndarray]]:
    """The search on resampled patients and from other initial positions.

    Parameters
    ----------
    searches : sequence of RepeatedSearch
        One of each sample.
    settings : ResamplingSettings
    threads : int
        As of `cxr.evidence.many_searches.run_searches`.

    Yields
    ------
    kind : str
        One of `KINDS`: a bootstrap of patients, 80% of the patients, all images
        from other random initial positions.
    number : int
        Of the sample.
    images : int array, shape (m,)
        Places in the sample.
    labels : int array, shape (m,)
    """
    rng, resamples = np.random.default_rng(settings.seed), settings.resamples
    resample: dict[str, Callable[[Sample], np.ndarray]] = {
        "bootstrap": lambda sample: bootstrap_patients(sample.patients, rng),
        "subsample": lambda sample: subsample_patients(sample.patients, SHARE, rng),
        "start": lambda sample: np.arange(sample.n_images),
    }
    turns: deque[tuple[str, int, np.ndarray]] = deque()

    def pending() -> Iterator[PendingSearch[np.ndarray]]:
        for kind, turn in product(KINDS, range(resamples)):
            number = turn % len(searches)
            each = searches[number]
            grid = replace(each.grid, initialization="random") if kind == "start" else each.grid
            images = resample[kind](each.sample)
            near = grid.near(max(1.0, each.perplexity_share * len(images)), len(images))
            turns.append((kind, number, images))
            prepare: Prepare = partial(_resampled, each.sample, images, near)
            if kind == "start":  # all images keep their neighbours
                prepare = kept.setdefault(number, cache(prepare))
            finish = partial(_labels, near, each.n_clusters)
            yield PendingSearch(len(images), near, turn + 1, prepare, finish)

    kept: dict[int, Prepare] = {}
    progress = Progress(len(KINDS) * resamples, "repeated searches")
    for labels in run_searches(pending(), threads):
        yield *turns.popleft(), labels
        progress.step()


def _resampled(
    sample: Sample, images: np.ndarray, grid: SearchGrid
) -> tuple[np.ndarray, Neighbours]:
    features = sample.features[images]
    return features, neighbours_for(features, grid)


def _labels(
    grid: SearchGrid, n_clusters: int, features: np.ndarray, maps: SearchedMaps
) -> np.ndarray:
    return best_into(maps, grid, n_clusters).labels


def repeat_search(
    neighbours: Neighbours, grid: SearchGrid, n_clusters: int, seed: int = 0
) -> SearchResult:
    """The best clustering into as many clusters, or into any number where there is none.

    The number of clusters is fixed, as in Hennig's scheme for methods with a given
    number, since stability is about these clusters.
    """
    return best_into(draw_maps(neighbours, grid, seed), grid, n_clusters)


def best_into(maps: SearchedMaps, grid: SearchGrid, n_clusters: int) -> SearchResult:
    """The best clustering of some maps, as from `repeat_search`."""
    fixed = replace(grid, min_clusters=n_clusters, max_clusters=n_clusters)
    result = best_of_maps(maps, fixed, with_statistics=False)
    if result.n_clusters == 0:
        result = best_of_maps(maps, grid, with_statistics=False)
    return result
