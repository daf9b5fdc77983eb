"""Aligned maps, their cells and their labels."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from cxr.clustering.grid import DbscanSettings, label_map, standardise, sweep_dbscan
from cxr.clustering.ranking import RankingSettings, choose_map, rank
from cxr.explorer.maps import LABELS_BYTES, MAPS_BYTES, align, match, pack_maps, shown_perplexities
from tests.helpers.packed import unpack

RULES = RankingSettings(min_clusters=2, max_clusters=8, max_perplexity_share=1 / 3)


@pytest.fixture
def searched(rng):
    """Maps with three groups, their grid and ranking, and the chosen map."""
    ids = [f"i{i:03d}" for i in range(90)]
    tables = []
    for method, perplexity in (("tsne", 5.0), ("tsne", 10.0), ("pca", np.nan)):
        centres = np.repeat([[0, 0], [9, 0], [0, 9]], 30, axis=0) if method == "tsne" else 0
        xy = centres + rng.normal(size=(90, 2))
        table = pd.DataFrame(xy, columns=["x", "y"]).assign(image_id=ids, method=method)
        tables.append(table.assign(perplexity=perplexity, seed=0))
    embeddings = pd.concat(tables, ignore_index=True)
    cells = DbscanSettings((0.1, 0.4, 0.8), (3, 5))
    grid = sweep_dbscan(pa.Table.from_pandas(embeddings), cells).to_pandas()
    ranking = rank(grid, 90, RULES)
    return embeddings, grid, ranking, label_map(*choose_map(embeddings, ranking, "tsne"))


def test_a_turned_and_mirrored_map_is_turned_back(rng):
    points = standardise(rng.normal(size=(50, 2)))
    angle = 2.0
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    assert align(points @ turn * [1, -1], points) == pytest.approx(points)


def test_labels_take_the_numbers_of_the_clusters_that_they_share_most_with():
    reference = np.array([0, 0, 0, 1, 1, 1, -1])
    assert match(np.array([1, 1, 1, 0, 0, -1, -1]), reference).tolist() == [0, 0, 0, 1, 1, -1, -1]
    # A third cluster has no partner, and outliers stay outliers.
    assert match(np.array([2, 2, -1, 1, 1, 0, -1]), reference).tolist() == [0, 0, -1, 1, 1, 2, -1]
    assert match(np.array([0, 1, -1]), np.array([-1, -1, -1])).tolist() == [0, 1, -1]


@pytest.mark.parametrize("n_images", [20, 3_000, 50_000])
def test_the_chosen_perplexity_is_always_among_those_shown(n_images):
    all_of_them = [float(p) for p in range(1, 174)]
    for chosen in (1.0, 37.0, 173.0):
        shown = shown_perplexities(all_of_them, chosen, n_images)
        assert chosen in shown
        assert shown == sorted(set(shown))
        assert len(shown) * 4 * n_images <= max(MAPS_BYTES, 8 * n_images)
    assert shown_perplexities([5.0, 10.0], 10.0, n_images) == [5.0, 10.0]


def test_packed_maps_hold_the_places_cells_and_labels_of_the_files(searched):
    embeddings, grid, ranking, clusters = searched
    packed = pack_maps(embeddings, grid, ranking, clusters)
    assert [one["method"] for one in packed["maps"]] == ["tsne", "tsne", "pca"]
    chosen = packed["maps"][packed["chosen"]]
    assert chosen["perplexity"] == ranking.iloc[0]["perplexity"]
    xy = (unpack(chosen["xy"]).reshape(-1, 2) / 32767.5 - 1) * chosen["extent"]
    assert xy == pytest.approx(standardise(clusters[["x", "y"]].to_numpy()), abs=1e-3)
    assert unpack(chosen["labellings"][0]["cluster"]).tolist() == clusters["cluster"].tolist()
    cells = grid[(grid["method"] == "tsne") & (grid["perplexity"] == chosen["perplexity"])]
    for place, row in enumerate(cells.sort_values(["min_samples", "eps"]).itertuples()):
        assert unpack(chosen["grid"]["n_clusters"])[place] == row.n_clusters
        assert unpack(chosen["grid"]["n_outliers"])[place] == row.n_outliers
        score = row.balance_score if 2 <= row.n_clusters <= 8 else -1
        assert unpack(chosen["grid"]["score"])[place] == score
    assert packed["maps"][-1]["perplexity"] is None


def test_maps_without_a_qualifying_cell_have_no_labels(searched):
    embeddings, grid, ranking, clusters = searched
    packed = pack_maps(embeddings, grid, ranking.iloc[:0], clusters.assign(cluster=-1))
    assert [one["labellings"] for one in packed["maps"]] == [[], [], []]
    assert (unpack(packed["maps"][0]["grid"]["score"]) == -1).all()


def test_labels_take_no_more_room_than_they_may(searched, monkeypatch):
    embeddings, grid, ranking, clusters = searched
    monkeypatch.setattr("cxr.explorer.maps.LABELS_BYTES", 2 * 3 * 90)
    packed = pack_maps(embeddings, grid, ranking, clusters)
    assert max(len(one["labellings"]) for one in packed["maps"]) == 2
    assert LABELS_BYTES > 100_000
