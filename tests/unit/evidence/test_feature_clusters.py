"""Clusters of the features themselves: components, clusterings, and none."""

from dataclasses import replace

import numpy as np
import pytest
from hdbscan.validity import validity_index
from sklearn.decomposition import PCA
from sklearn.metrics import adjusted_rand_score

from cxr.evidence.feature_clusters import cluster_features, leading_components
from tests.helpers.large_study import GRID
from tests.helpers.null_features import draw, plant, sizes_of

SIZES = sizes_of(120)


@pytest.mark.parametrize("shape", [(40, 60), (60, 8), (30, 1)])
def test_the_components_are_those_of_the_pca(shape, rng):
    features = rng.normal(size=shape) * np.geomspace(1, 1e-4, shape[1])
    points = leading_components(features)
    expected = PCA(svd_solver="full").fit(features)
    explained = np.cumsum(expected.explained_variance_ratio_)
    count = points.shape[1]
    assert explained[count - 1] >= 0.9
    assert count == 1 or explained[count - 2] < 0.9
    found = np.abs(expected.transform(features)[:, :count])
    np.testing.assert_allclose(np.abs(points), found, atol=1e-9)


def test_no_more_than_ten_components_are_clustered(rng):
    assert leading_components(rng.normal(size=(80, 40))).shape == (80, 10)


def test_planted_groups_are_found_and_one_cloud_is_less_dense(rng):
    features, group = plant(3, 6.0, rng, SIZES)
    found, cloud = cluster_features(features, GRID), cluster_features(draw("rectified", rng), GRID)
    assert found.n_clusters == 3
    assert adjusted_rand_score(group, found.labels) > 0.8
    assert cloud.dbcv < found.dbcv
    points = leading_components(features)
    assert found.components == points.shape[1]
    expected = validity_index(points, found.labels.astype(int))
    assert found.dbcv == pytest.approx(expected, abs=1e-6)


def test_only_usable_clusterings_count(rng):
    features, _ = plant(3, 6.0, rng, SIZES)
    many = cluster_features(features, replace(GRID, min_clusters=7))
    assert (many.dbcv, many.n_clusters) == (-np.inf, 0)
    assert (many.labels == -1).all()


def test_equal_features_have_no_clusters():
    found = cluster_features(np.ones((40, 5)), GRID)
    assert (found.dbcv, found.n_clusters, found.components) == (-np.inf, 0, 1)
