"""Compiles the numerical functions of a study before its jobs need them.

    PYTHONPATH=workflow/scripts python -m cxr.evidence.kernels

Compiled functions are kept in the user's cache. On a machine that has none of them yet, jobs
that start side by side would each compile them all.
"""

import numpy as np

from cxr.clustering.cells import CellSettings, StudyCells
from cxr.clustering.grid import DbscanSettings, HdbscanSettings, sweep_dbscan, sweep_hdbscan
from cxr.config.catalogue.null_models import PRIMARY
from cxr.core import numba_cache
from cxr.embedding.knn import find_neighbours
from cxr.embedding.tsne import TsneSettings, embed_runs
from cxr.evidence.null_search import simulate_null
from cxr.evidence.search import SearchGrid
from cxr.evidence.separation import separation_test

PERPLEXITIES, EPS, MIN_SAMPLES = (5.0, 10.0), (0.3, 0.6), (5, 6)
GROUPS, EACH, UNITS = 3, 30, 8


def compile_kernels() -> None:
    """Runs every compiled function on a few rows, with the types that a study's jobs use."""
    rng = np.random.default_rng(0)
    groups = np.repeat(np.arange(GROUPS), EACH)
    features = rng.normal(6 * rng.normal(size=(GROUPS, UNITS))[groups], 1)
    image_ids = np.array([f"{number:02d}" for number in range(len(groups))])
    grid = SearchGrid(PERPLEXITIES, EPS, MIN_SAMPLES, 2, 8, 1.0, choose="consensus")
    simulate_null(features, image_ids, grid, PRIMARY, range(1, 2), seed=0)
    separation_test(features, image_ids, grid, splits=1, seed=0)
    neighbours = find_neighbours(image_ids, features, max(PERPLEXITIES), threads=1)
    runs = [(perplexity, 0) for perplexity in PERPLEXITIES]
    embeddings = embed_runs(neighbours, runs, TsneSettings(), threads=1)
    sweep_dbscan(embeddings, DbscanSettings(EPS, MIN_SAMPLES))
    sweep_hdbscan(embeddings, HdbscanSettings(MIN_SAMPLES, MIN_SAMPLES))
    settings = CellSettings(EPS, MIN_SAMPLES, 2, 8, 1.0, 0.3, "consensus")
    StudyCells(embeddings.to_pandas(), settings).statistics()


if __name__ == "__main__":
    folder = numba_cache.CACHE
    if folder is not None and not (folder / "complete").exists():
        compile_kernels()
        (folder / "complete").touch()
