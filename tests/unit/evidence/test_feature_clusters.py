"""Clusters of the features themselves stand beside those of the maps."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hdbscan.validity import validity_index
from sklearn.decomposition import PCA
from sklearn.metrics import adjusted_rand_score

from cxr.evidence import feature_clusters as fc
from cxr.evidence.feature_clusters import (
    FeatureClusters,
    cluster_features,
    compare_feature_clusters,
    leading_components,
)
from tests.helpers.large_study import GRID
from tests.helpers.null_features import draw, plant, sizes_of

SIZES = sizes_of(120)
TRUTH = np.repeat([0, 1], 10)


def nulls(values, null="gaussian", sample=0):
    columns = {"null": null, "replicate": range(1, len(values) + 1), "sample": sample}
    return pd.DataFrame({"feature_dbcv": values, **columns})


def compare(labels, dbcv=0.5, simulated=(0.1,) * 19, p_of_maps=0.01):
    found = FeatureClusters(dbcv, 3, np.asarray(labels, np.int16))
    return compare_feature_clusters([found], [TRUTH], nulls(simulated), p_of_maps, 0.05)


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


def test_the_p_value_counts_the_features_among_the_simulations():
    result = compare(TRUTH, 0.5, [0.1] * 17 + [0.5, 0.9])
    assert result["p"] == 3 / 20
    expected = {"replicates": 19, "median": pytest.approx(0.1), "reached": 2, "p": 3 / 20}
    assert result["nulls"] == {"gaussian": expected}


def test_of_several_samples_the_numbers_are_medians():
    found = [FeatureClusters(dbcv, 3, TRUTH.astype(np.int16)) for dbcv in (0.2, 0.4, 0.9)]
    simulated = [
        nulls([0.1, 0.8], sample=0),
        nulls([0.3, 0.4], sample=1),
        nulls([0.9, 0.1], sample=2),
    ]
    result = compare_feature_clusters(found, [TRUTH] * 3, pd.concat(simulated), 1.0, 0.05)
    assert result["dbcv"] == 0.4
    assert result["nulls"]["gaussian"]["median"] == pytest.approx(0.35)
    assert (result["nulls"]["gaussian"]["reached"], result["p"]) == (1, pytest.approx(2 / 3))


def test_agreement_is_on_images_that_both_cluster():
    labels = TRUTH.copy()
    labels[:4] = -1
    result = compare(labels)
    assert (result["adjusted_rand"], result["outliers"], result["n_outliers"]) == (1, 0, 4)


OTHERS = np.tile([0, 1], 10)
HIGH = (0.9,) * 19


@pytest.mark.parametrize(
    ("labels", "simulated", "p_of_maps", "answer"),
    [
        (TRUTH, (0.1,) * 19, 0.01, fc.SHOWN),
        (OTHERS, (0.1,) * 19, 0.01, fc.OTHER),
        (TRUTH, (0.1,) * 19, 0.5, fc.BLURRED),
        (TRUTH, HIGH, 0.01, fc.SHARPENED),
        (OTHERS, HIGH, 0.01, fc.UNSEEN),
        (TRUTH, HIGH, 0.5, fc.NEITHER),
    ],
)
def test_the_answer_follows_from_both_tests_and_the_agreement(labels, simulated, p_of_maps, answer):
    result = compare(labels, 0.5, simulated, p_of_maps)
    assert result["answer"] == answer
    assert result["sentence"].endswith(f": {answer}.")


def test_features_without_a_usable_clustering_have_no_values():
    result = compare(np.full(20, -1), -np.inf, [0.1] * 10 + [-np.inf] * 9)
    assert (result["dbcv"], result["adjusted_rand"], result["outliers"]) == (None, None, None)
    assert (result["p"], result["answer"]) == (1, fc.UNSEEN)
    assert "no usable clustering" in result["sentence"]
    assert compare(TRUTH, 0.5, [-np.inf] * 19)["nulls"]["gaussian"]["median"] is None
