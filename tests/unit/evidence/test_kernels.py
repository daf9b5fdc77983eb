import importlib
import pkgutil

import numpy as np
from numba.core.dispatcher import Dispatcher

import cxr
from cxr.clustering.cells import CellSettings, StudyCells
from cxr.embedding.knn import find_neighbours
from cxr.embedding.tsne import TsneSettings, embed_runs
from cxr.evidence.kernels import compile_kernels
from cxr.evidence.null_search import simulate_null
from cxr.evidence.search import SearchGrid, search
from cxr.evidence.separation import separation_test
from tests.helpers.null_features import draw, patients, sizes_of

EPS, MIN_SAMPLES = (0.2, 0.4, 0.8), (5, 10)


def compiled():
    """The types with which each function was called from outside compiled code."""
    kernels = {}
    for module in pkgutil.walk_packages(cxr.__path__, "cxr."):
        source = module.module_finder.find_spec(module.name).loader.get_source(module.name)
        if "cxr.core.numba_cache import" in source:
            for name, value in vars(importlib.import_module(module.name)).items():
                if isinstance(value, Dispatcher):
                    kernels[f"{module.name}.{name}"] = list(value.signatures)
    return kernels


def test_a_study_calls_functions_with_no_other_types():
    compile_kernels()
    before = compiled()
    assert any(before.values())
    sizes = sizes_of(120)
    features, owners = draw("rectified", np.random.default_rng(0), sizes), patients(sizes)
    grid = SearchGrid((5.0, 30.0), EPS, MIN_SAMPLES, 2, 8, 1 / 3)
    search(features, grid)
    simulate_null(features, owners, grid, "permutation", range(1, 2), seed=0)
    separation_test(features, owners, grid, splits=2, seed=0)
    neighbours = find_neighbours(owners, features, 5, threads=1)
    maps = embed_runs(neighbours, [(5.0, 0)], TsneSettings(), threads=1).to_pandas()
    StudyCells(maps, CellSettings(EPS, MIN_SAMPLES, 2, 8, 1.0, 0.3, "dbcv")).statistics()
    assert compiled() == before
