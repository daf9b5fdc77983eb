"""The grid holds what scikit-learn says of every cell."""

import numpy as np
import pandas as pd
import pytest
from sklearn.cluster import DBSCAN
from sklearn.preprocessing import StandardScaler

from cxr.dbscan import GRID, label_map, standardise, sweep
from cxr.io import read_table, write_table
from cxr.scoring import balance_score
from cxr.tsne import map_table

EPS = [0.2, 0.5, 1.0]
MIN_SAMPLES = [3, 5]


@pytest.fixture
def maps(rng):
    ids = np.array([f"i{i:03d}" for i in range(60)])
    first = np.concatenate([rng.normal(center, 0.3, (20, 2)) for center in (0, 3, 6)])
    second = rng.normal(size=(60, 2)) * [100, 1]
    return pd.concat(
        [map_table(ids, "tsne", 5.0, 0, first), map_table(ids, "pca", np.nan, 0, second)]
    )


def test_every_cell_equals_scikit_learn(maps):
    grid = sweep(maps, EPS, MIN_SAMPLES)
    assert len(grid) == 2 * len(EPS) * len(MIN_SAMPLES)
    for cell in grid.itertuples():
        xy = maps.loc[maps["method"] == cell.method, ["x", "y"]].to_numpy()
        points = StandardScaler().fit_transform(xy)
        labels = DBSCAN(eps=cell.eps, min_samples=cell.min_samples).fit_predict(points)
        assert cell.sizes == np.bincount(labels[labels >= 0]).tolist()
        assert cell.n_clusters == len(cell.sizes)
        assert cell.n_outliers == (labels == -1).sum()
        assert cell.balance_score == balance_score(labels)


def test_the_chosen_cell_gives_its_labels_back(maps):
    rows = maps.loc[maps["method"] == "tsne"]
    cell = sweep(rows, [0.5], [5]).iloc[0]
    table = label_map(rows.iloc[::-1], cell)
    assert table["image_id"].is_monotonic_increasing
    assert np.bincount(table["cluster"][table["cluster"] >= 0]).tolist() == sorted(cell["sizes"])
    assert (label_map(rows, None)["cluster"] == -1).all()


def test_an_axis_without_variance_stays_finite():
    assert standardise(np.array([[1.0, 0.0], [1.0, 2.0]])).tolist() == [[0, -1], [0, 1]]


def test_a_chunk_without_maps_keeps_its_columns(tmp_path, maps):
    write_table(sweep(maps.iloc[:0], EPS, MIN_SAMPLES), tmp_path / "g.parquet", schema=GRID)
    assert read_table(tmp_path / "g.parquet").columns.tolist() == GRID.names
