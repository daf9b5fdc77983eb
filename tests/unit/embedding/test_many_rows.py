"""Of many images a graph finds the neighbours, and their covariance the principal components."""

import numpy as np
import pytest
from sklearn.decomposition import PCA
from sklearn.neighbors import NearestNeighbors

from cxr.embedding import pca
from cxr.embedding.knn import (
    NeighbourSettings,
    find_neighbours,
    nearest_of_all,
    order_by_neighbours,
    search_neighbours,
    select_features,
)
from cxr.features.index import APPROXIMATE, EXACT
from tests.helpers.similarity import table_of

ROWS, K = 3000, 30
MANY = NeighbourSettings(None, K / 3, exact_up_to=ROWS - 1)


@pytest.fixture
def features(rng):
    centres = rng.normal(0, 2, (5, 24))
    return np.maximum(centres[rng.integers(0, 5, ROWS)] + rng.normal(size=(ROWS, 24)), 0)


def ids_of(features):
    return np.arange(len(features)).astype(str)


def test_a_graph_finds_most_neighbours_at_their_exact_distances(features):
    points = features.astype(np.float32)
    found, summary = search_neighbours(ids_of(points), points, MANY, 1)
    true = find_neighbours(ids_of(points), points, K / 3, 1)
    assert (summary.method, summary.sample) == (APPROXIMATE, 1000)
    pairs = zip(found.indices, true.indices, strict=True)
    shared = [np.isin(one, other).mean() for one, other in pairs]
    assert np.mean(shared) >= 0.98
    assert np.mean(shared) == pytest.approx(summary.recall, abs=0.01)
    differences = points[:, None].astype(float) - points[found.indices]
    assert found.distances.dtype == np.float32
    np.testing.assert_allclose(found.distances, np.linalg.norm(differences, axis=2), rtol=1e-6)
    assert (np.diff(found.distances, axis=1) >= 0).all()
    assert (found.indices != np.arange(ROWS)[:, None]).all()
    np.testing.assert_allclose(found.pca, true.pca, atol=1e-4)


def test_the_same_features_have_the_same_bytes_by_any_number_of_threads(features):
    first, second = (search_neighbours(ids_of(features), features, MANY, n)[0] for n in (1, 2))
    for name, values in vars(first).items():
        assert values.tobytes() == vars(second)[name].tobytes()


def test_up_to_the_limit_the_search_is_exact(features):
    settings = NeighbourSettings(None, K / 3, exact_up_to=ROWS)
    found, summary = search_neighbours(ids_of(features), features, settings, 1)
    true = find_neighbours(ids_of(features), features, K / 3, 1)
    assert (summary.method, summary.recall, summary.sample) == (EXACT, 1.0, 0)
    assert found.distances.tobytes() == true.distances.tobytes()


def test_where_the_graph_misses_neighbours_all_distances_are_computed(
    features, monkeypatch, caplog
):
    monkeypatch.setattr("cxr.embedding.knn.RECALL", 1.1)
    found, summary = search_neighbours(ids_of(features), features, MANY, 1)
    assert (summary.method, summary.recall) == (EXACT, 1.0)
    assert "all distances are computed" in caplog.text
    true = NearestNeighbors(n_neighbors=K).fit(features.astype(np.float32))
    np.testing.assert_allclose(found.distances, true.kneighbors()[0], rtol=1e-5)


def test_equal_images_are_neighbours_at_distance_0_and_never_of_themselves(rng):
    features = np.repeat(rng.normal(size=(2, 6)), 500, axis=0)
    settings = NeighbourSettings(None, 5, exact_up_to=10)
    found, _ = search_neighbours(ids_of(features), features, settings, 1)
    assert not found.distances.any()
    assert (found.indices != np.arange(1000)[:, None]).all()
    assert all(len(set(row)) == 15 for row in found.indices.tolist())


class LosesItsWay:
    """An index that finds nothing for half of the points."""

    def __init__(self, points):
        self.search = NearestNeighbors().fit(points)

    def find(self, points, count):
        found = self.search.kneighbors(points, count, return_distance=False)
        found[::2, 1:] = -1
        return found


def test_points_that_the_graph_cannot_reach_are_searched_exactly(features):
    points = features[:200].astype(np.float32)
    indices, distances = nearest_of_all(LosesItsWay(points), points, 7)
    true_distances, true_indices = NearestNeighbors(n_neighbors=7).fit(points).kneighbors()
    assert indices.tolist() == true_indices.tolist()
    np.testing.assert_allclose(distances, true_distances, rtol=1e-4)


def test_neighbours_come_soon_after_each_other_in_their_order(features):
    indices = find_neighbours(ids_of(features), features, K / 3, 1).indices
    order = order_by_neighbours(indices)
    assert sorted(order) == list(range(ROWS))
    place = np.argsort(order)
    apart = np.abs(place[:, None] - place[indices])
    assert np.median(apart) < np.median(np.abs(np.arange(ROWS)[:, None] - indices)) / 2


def test_features_of_many_images_stay_float32(features):
    table = table_of(features)
    _, few = select_features(table, None, float32_above=ROWS)
    _, many = select_features(table, None, float32_above=ROWS - 1)
    assert (few.dtype, many.dtype) == (np.float64, np.float32)
    assert (few == many).all()


@pytest.mark.parametrize("units", [1, 2, 24])
def test_components_by_covariance_are_those_of_scikit_learn(features, units, monkeypatch):
    # Far from 0, where the squares of float32 lose what differs.
    moved = (features[:, :units] + 1000).astype(np.float32)
    monkeypatch.setattr(pca, "COVARIANCE_FROM", 100)
    monkeypatch.setattr(pca, "BLOCK", 777 * units)
    found = pca.principal_components(moved)
    true = PCA(min(2, units), svd_solver="full").fit_transform(moved.astype(np.float64))
    assert found.shape == (ROWS, 2)
    np.testing.assert_allclose(found[:, : true.shape[1]], true, atol=1e-8)


def test_the_mean_and_the_scatter_need_one_pass(features, monkeypatch):
    monkeypatch.setattr(pca, "BLOCK", 700 * 24)
    mean, scatter = pca.mean_and_scatter(features)
    np.testing.assert_allclose(mean, features.mean(axis=0), rtol=1e-12)
    np.testing.assert_allclose(scatter / (ROWS - 1), np.cov(features.T), rtol=1e-9, atol=1e-12)
