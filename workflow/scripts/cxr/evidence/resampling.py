"""The search for clusters again: other patients, other starts, other trainings."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from cxr.clustering.ranking import best_cell
from cxr.core.progress import Progress
from cxr.evidence.sample import Sample
from cxr.evidence.search import Search, search
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


def repeat_searches(
    material: Sample,
    retrained: Sequence[Sample],
    ranking: pd.DataFrame,
    settings: Mapping[str, Any],
) -> pd.DataFrame:
    """All repetitions of a study's search.

    Parameters
    ----------
    material : Sample
    retrained : sequence of Sample
        The same images after other trainings; the whole search runs on these.
    ranking : DataFrame
        Its best cell names the number of clusters, and the perplexity at which
        patients and starts vary.
    settings : mapping
        `search` as for `Search.of`, `material`, `resamples`, `thresholds`.

    Returns
    -------
    DataFrame
        Columns as in `REPEATS`; `kind` is of `KINDS`, or "training". No row
        without a best cell, or with too few images or patients.
    """
    cell, n = best_cell(ranking, "tsne"), len(material.image_ids)
    if cell is None or not material.enough(settings["thresholds"]):
        return REPEATS.empty_table().to_pandas()
    whole = Search.of(settings["search"], n)
    share, k = float(cell["perplexity"]) / float(cell["n_images"]), int(cell["n_clusters"])
    found = list(resampled_searches(material, whole, share, k, settings))
    everything = np.arange(n)
    for other in retrained:
        labels = search_again(other.features, whole, k)
        found.append((TRAINING, everything, labels))
    tables = [
        pd.DataFrame(
            {
                "kind": kind,
                "turn": turn,
                "image_id": material.image_ids[images].astype(object),
                "cluster": labels.astype(np.int32),
            }
        )
        for turn, (kind, images, labels) in enumerate(found)
    ]
    return pd.concat(tables, ignore_index=True)


def resampled_searches(
    material: Sample,
    grid: Search,
    share: float,
    n_clusters: int,
    settings: Mapping[str, Any],
) -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
    """The search on other patients and from other starts.

    Parameters
    ----------
    material : Sample
    grid : Search
    share : float
        The chosen perplexity as a share of the images. Maps of fewer images have
        one that is as much lower.
    n_clusters : int
        How many clusters are in question.
    settings : mapping
        `resamples`, so many of each kind, and `material`.

    Yields
    ------
    kind : str
        One of `KINDS`: patients drawn with replacement, 80% of the patients, all
        images from another random start of the map.
    images : int array, shape (m,)
    labels : int array, shape (m,)
    """
    rng, resamples = np.random.default_rng(settings["material"]["seed"]), settings["resamples"]
    patients, everything = material.patients, np.arange(len(material.patients))
    draws: dict[str, Callable[[], np.ndarray]] = {
        "bootstrap": lambda: bootstrap_patients(patients, rng),
        "subsample": lambda: subsample_patients(patients, SHARE, rng),
        "start": lambda: everything,
    }
    progress = Progress(len(KINDS) * resamples, "repeated searches")
    for kind in KINDS:
        start = replace(grid, initialization="random") if kind == "start" else grid
        for turn in range(resamples):
            images = draws[kind]()
            at = start.at(max(1.0, share * len(images)))
            labels = search_again(material.features[images], at, n_clusters, turn + 1)
            yield kind, images, labels
            progress.step()


def search_again(features: np.ndarray, grid: Search, n_clusters: int, seed: int = 0) -> np.ndarray:
    """The best clustering into as many clusters, or into any number where there is none.

    The question is whether these clusters come back, so that their number stays,
    as in Hennig's scheme for methods that are told a number.

    Returns
    -------
    int array, shape (n,)
    """
    alike = replace(grid, min_clusters=n_clusters, max_clusters=n_clusters)
    found = search(features, alike, seed, with_dbcv=False)
    if found.n_clusters == 0:
        found = search(features, grid, seed, with_dbcv=False)
    return found.labels
