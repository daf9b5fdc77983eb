"""The grid's table says of every map and cell what the algorithms say."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hdbscan import HDBSCAN
from sklearn.cluster import DBSCAN
from sklearn.preprocessing import StandardScaler

from cxr.clustering.balance import balance_score
from cxr.clustering.grid import (
    GRID,
    DbscanSettings,
    HdbscanSettings,
    label_map,
    standardise,
    sweep_dbscan,
    sweep_hdbscan,
)
from cxr.embedding.tsne import EMBEDDINGS, map_table

CELLS = DbscanSettings(eps=(0.2, 0.5, 1.0), min_samples=(3, 5))


@pytest.fixture
def maps(rng):
    ids = np.array([f"i{i:03d}" for i in range(60)])
    first = np.concatenate([rng.normal(center, 0.3, (20, 2)) for center in (0, 3, 6)])
    second = rng.normal(size=(60, 2)) * [100, 1]
    third = rng.normal(size=(60, 2))
    return pa.concat_tables(
        [
            map_table(ids, "tsne", first, 5.0, 0, 0.5),
            map_table(ids, "tsne", third, 5.0, 1, 0.5),
            map_table(ids, "pca", second),
        ]
    )


def points_of(maps, cell):
    rows = maps.to_pandas()
    rows = rows.loc[(rows["method"] == cell.method) & (rows["seed"] == cell.seed)]
    return StandardScaler().fit_transform(rows[["x", "y"]])


def assert_cell_is(cell, labels):
    assert list(cell.sizes) == np.bincount(labels[labels >= 0]).tolist()
    assert cell.n_clusters == len(cell.sizes)
    assert cell.n_outliers == (labels == -1).sum()
    assert cell.balance_score == balance_score(labels)


def test_dbscan_cells_are_scikit_learns(maps):
    grid = sweep_dbscan(maps, CELLS).to_pandas()
    assert len(grid) == 3 * 3 * 2
    assert grid["perplexity"].isna().sum() == 3 * 2
    for cell in grid.itertuples():
        model = DBSCAN(eps=cell.eps, min_samples=cell.min_samples)
        assert_cell_is(cell, model.fit_predict(points_of(maps, cell)))


def test_hdbscan_cells_are_those_of_its_library(maps):
    grid = sweep_hdbscan(maps, HdbscanSettings((5, 15), (3, 8))).to_pandas()
    assert len(grid) == 3 * 4
    assert grid["eps"].isna().all()
    assert set(grid["algorithm"]) == {"hdbscan"}
    for cell in grid.itertuples():
        model = HDBSCAN(int(cell.min_cluster_size), cell.min_samples, approx_min_span_tree=False)
        assert_cell_is(cell, model.fit_predict(points_of(maps, cell)))


def test_the_chosen_cell_gives_its_labels_back(maps):
    rows = maps.to_pandas().iloc[:60]
    cell = sweep_dbscan(maps.slice(0, 60), DbscanSettings((0.5,), (5,))).to_pandas().iloc[0]
    table = label_map(rows.iloc[::-1], cell)
    assert table["image_id"].is_monotonic_increasing
    assert np.bincount(table["cluster"][table["cluster"] >= 0]).tolist() == sorted(cell["sizes"])
    assert (label_map(rows, None)["cluster"] == -1).all()


def test_an_axis_without_variance_stays_finite():
    assert standardise(np.array([[1.0, 0.0], [1.0, 2.0]])).tolist() == [[0, -1], [0, 1]]


@pytest.mark.parametrize("n", [1, 2, 4])
def test_maps_smaller_than_min_samples_are_outliers(n):
    ids = np.array([f"i{i}" for i in range(n)])
    table = map_table(ids, "tsne", np.arange(2.0 * n).reshape(n, 2), 1.0)
    dbscan, hdbscan = DbscanSettings((0.5,), (5,)), HdbscanSettings((5,), (5,))
    for grid in (sweep_dbscan(table, dbscan), sweep_hdbscan(table, hdbscan)):
        assert grid["n_outliers"].to_pylist() == [n]
        assert grid["sizes"].to_pylist() == [[]]


@pytest.mark.parametrize("n", [2, 3, 5])
def test_hdbscan_takes_the_smallest_maps(n, rng):
    ids = np.array([f"i{i}" for i in range(n)])
    table = map_table(ids, "tsne", rng.normal(size=(n, 2)), 1.0)
    grid = sweep_hdbscan(table, HdbscanSettings((2, 3), (1, 9)))
    assert len(grid) == 4


def test_a_chunk_without_maps_keeps_its_columns():
    empty = EMBEDDINGS.empty_table()
    assert sweep_dbscan(empty, CELLS).schema.equals(GRID)
    assert sweep_hdbscan(empty, HdbscanSettings((5,), (5,))).schema.equals(GRID)


def test_both_algorithms_rank_together(maps):
    tables = [sweep_dbscan(maps, CELLS), sweep_hdbscan(maps, HdbscanSettings((5,), (5,)))]
    joined = pa.concat_tables(tables).to_pandas()
    assert isinstance(joined, pd.DataFrame)
    assert joined["algorithm"].value_counts().to_dict() == {"dbscan": 18, "hdbscan": 3}


def test_a_grid_lists_maps_then_eps_then_min_samples(maps):
    grid = sweep_dbscan(maps, CELLS).to_pandas()
    assert grid["method"].tolist() == ["tsne"] * 12 + ["pca"] * 6
    assert grid["seed"].tolist() == [0] * 6 + [1] * 6 + [0] * 6
    assert grid["eps"].tolist() == [0.2, 0.2, 0.5, 0.5, 1.0, 1.0] * 3
    assert grid["min_samples"].tolist() == [3, 5] * 9
    assert grid["min_cluster_size"].isna().all()
    sizes = sweep_hdbscan(maps, HdbscanSettings((5, 15), (3, 8))).to_pandas()
    assert sizes["min_cluster_size"].tolist() == [5, 5, 15, 15] * 3
    assert sizes["min_samples"].tolist() == [3, 8, 3, 8] * 3


def test_maps_are_told_apart_by_any_key():
    ids, xy = np.array(["a", "b"]), np.array([[0.0, 0], [1, 1]])
    table = pa.concat_tables(
        [
            map_table(ids, "tsne", xy, 5.0, 0, 0.5),
            map_table(ids, "tsne", xy, 6.0, 0, 0.5),
            map_table(ids, "tsne", xy, 6.0, 1, 0.5),
            map_table(ids, "pca", xy),
        ]
    )
    grid = sweep_dbscan(table, DbscanSettings((0.5,), (1,)))
    assert grid["perplexity"].to_pylist() == [5, 6, 6, None]
    assert grid["n_clusters"].to_pylist() == [2] * 4
    assert grid["sizes"].to_pylist() == [[1, 1]] * 4


def test_standardised_axes_have_mean_0_and_variance_1(rng):
    xy = rng.normal(size=(50, 2)) * [3, 1000] + [7, -9]
    np.testing.assert_allclose(standardise(xy).mean(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(standardise(xy).var(axis=0), 1)
