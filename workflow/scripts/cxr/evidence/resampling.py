"""The search repeated on resampled patients, other initial positions, retrained networks."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import pyarrow as pa

from cxr.clustering.ranking import best_cell
from cxr.core.progress import Progress
from cxr.embedding.knn import Neighbours
from cxr.evidence.sample import Sample, SampleSettings
from cxr.evidence.search import (
    SearchGrid,
    SearchSettings,
    best_of_maps,
    draw_maps,
    neighbours_for,
)
from cxr.evidence.thresholds import MinimumSize
from cxr.statistics.permutation import bootstrap_patients, subsample_patients

SHARE = 0.8
KINDS = ("bootstrap", "subsample", "start")
TRAINING = "training"
REPEATS = pa.schema(
    {
        "kind": pa.string(),
        "turn": pa.int64(),
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
        Repetitions of each of `KINDS`.
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


def repeat_searches(
    sample: Sample,
    retrained: Sequence[Sample],
    ranking: pd.DataFrame,
    settings: ResamplingSettings,
) -> pd.DataFrame:
    """All repetitions of a study's search.

    Parameters
    ----------
    sample : Sample
    retrained : sequence of Sample
        The same images in the features of retrained networks; the whole search
        runs on these.
    ranking : DataFrame
        Its best cell gives the number of clusters, and the perplexity at which
        patients and initial positions vary.
    settings : ResamplingSettings

    Returns
    -------
    DataFrame
        Columns as in `REPEATS`; `kind` is of `KINDS`, or "training". No row
        without a best cell, or with too few images or patients.
    """
    cell = best_cell(ranking, "tsne")
    if cell is None or not sample.is_sufficient(settings.minimum):
        return REPEATS.empty_table().to_pandas()
    grid = settings.search.grid_for(sample.n_images)
    share, k = float(cell["perplexity"]) / float(cell["n_images"]), int(cell["n_clusters"])
    repeats = list(resampled_searches(sample, grid, share, k, settings))
    all_images = np.arange(sample.n_images)
    for other in retrained:
        labels = repeat_search(neighbours_for(other.features, grid), grid, k)
        repeats.append((TRAINING, all_images, labels))
    tables = [
        pd.DataFrame(
            {
                "kind": kind,
                "turn": turn,
                "image_id": sample.image_ids[images].astype(object),
                "cluster": labels.astype(np.int32),
            }
        )
        for turn, (kind, images, labels) in enumerate(repeats)
    ]
    return pd.concat(tables, ignore_index=True)


def resampled_searches(
    sample: Sample,
    grid: SearchGrid,
    perplexity_share: float,
    n_clusters: int,
    settings: ResamplingSettings,
) -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
    """The search on resampled patients and from other initial positions.

    Parameters
    ----------
    sample : Sample
    grid : SearchGrid
    perplexity_share : float
        The selected perplexity as a share of the images; with fewer images it is
        lower in proportion.
    n_clusters : int
        The study's number of clusters.
    settings : ResamplingSettings

    Yields
    ------
    kind : str
        One of `KINDS`: a bootstrap of patients, 80% of the patients, all images
        from other random initial positions.
    images : int array, shape (m,)
    labels : int array, shape (m,)
    """
    rng, resamples = np.random.default_rng(settings.seed), settings.resamples
    patients, all_images = sample.patients, np.arange(sample.n_images)
    resample: dict[str, Callable[[], np.ndarray]] = {
        "bootstrap": lambda: bootstrap_patients(patients, rng),
        "subsample": lambda: subsample_patients(patients, SHARE, rng),
        "start": lambda: all_images,
    }
    progress = Progress(len(KINDS) * resamples, "repeated searches")
    for kind in KINDS:
        initialised = replace(grid, initialization="random") if kind == "start" else grid
        for turn in range(resamples):
            images = resample[kind]()
            perplexity = max(1.0, perplexity_share * len(images))
            near = initialised.near(perplexity, len(images))
            if images is not all_images or turn == 0:  # all images keep their neighbours
                neighbours = neighbours_for(sample.features[images], near)
            labels = repeat_search(neighbours, near, n_clusters, turn + 1)
            yield kind, images, labels
            progress.step()


def repeat_search(
    neighbours: Neighbours, grid: SearchGrid, n_clusters: int, seed: int = 0
) -> np.ndarray:
    """The best clustering into as many clusters, or into any number where there is none.

    The number of clusters is fixed, as in Hennig's scheme for methods with a given
    number, since stability is about these clusters.

    Returns
    -------
    int array, shape (n,)
    """
    maps = draw_maps(neighbours, grid, seed)
    fixed = replace(grid, min_clusters=n_clusters, max_clusters=n_clusters)
    result = best_of_maps(maps, fixed, with_statistics=False)
    if result.n_clusters == 0:
        result = best_of_maps(maps, grid, with_statistics=False)
    return result.labels
