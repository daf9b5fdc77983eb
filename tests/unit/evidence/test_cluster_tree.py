"""Splits of the clusters' tree: those that are planted are apart, pieces of one cloud are not."""

import numpy as np
import pytest

from cxr.evidence.cluster_tree import cluster_tree, tree_test
from cxr.evidence.search import SearchGrid, search
from tests.helpers.null_features import KINDS, draw, patients

GRID = SearchGrid((15.0,), tuple(i / 10 for i in range(1, 20)), (5, 8, 12), 3, 8, 1 / 3, "balance")


def names(n):
    return np.arange(n).astype(str)


def test_the_tree_joins_the_nearest_clusters_last(rng):
    centres = np.array([[0, 0], [40, 0], [50, 0], [41, 9]])
    labels = np.repeat([0, 1, 2, 3, -1], 20)
    features = rng.normal(size=(100, 2)) + np.vstack([centres, [[20, 20]]])[labels]
    splits = cluster_tree(features, labels)
    assert (splits[0].left, splits[0].right, splits[0].parent) == ((0,), (1, 2, 3), -1)
    assert len(splits) == 3
    for split in splits[1:]:
        above = splits[split.parent]
        assert {*split.left, *split.right} in ({*above.left}, {*above.right})


def test_planted_groups_are_apart_and_halves_of_one_are_not(rng):
    """Three groups, the largest of which a map has torn in two."""
    groups = np.repeat([0, 1, 2], [100, 60, 60])
    features = rng.normal(size=(220, 12)) + 9 * np.eye(3, 12)[groups]
    labels = groups.copy()
    labels[(groups == 0) & (features[:, 5] > 0)] = 3
    results = tree_test(features, names(220), labels, 5, 0.05, 0)
    apart = {(tuple(r["left"]), tuple(r["right"])): r["apart"] for r in results}
    assert len(apart) == 3
    assert apart.pop(((0,), (3,))) is False
    assert list(apart.values()) == [True, True]
    for result in results:
        assert result["p"] <= result["adjusted_p"]


def test_below_a_split_that_is_not_apart_nothing_is_tested(rng):
    features = rng.normal(size=(120, 4))
    labels = np.digitize(features[:, 0], [-0.5, 0.5])
    first, second = tree_test(features, names(120), labels, 5, 0.05, 0)
    assert first["p"] > 0.05
    assert not first["apart"]
    assert second == {
        "left": second["left"],
        "right": second["right"],
        "p": None,
        "adjusted_p": None,
        "apart": False,
    }


@pytest.mark.parametrize("kind", KINDS)
def test_clusters_that_a_map_finds_in_one_cloud_are_not_apart(kind):
    alarms = 0
    for seed in range(6):
        features = draw(kind, np.random.default_rng(seed))
        labels = search(features, GRID).labels
        results = tree_test(features, patients(), labels, 5, 0.05, seed)
        alarms += any(result["apart"] for result in results)
    assert alarms <= 1


def test_a_small_split_needs_a_smaller_p(rng):
    groups = np.repeat([0, 1, 2], [100, 25, 25])
    features = rng.normal(size=(150, 3)) + np.array([[0, 0, 0], [60, 0, 0], [60, 9, 0]])[groups]
    root, below = tree_test(features, names(150), groups, 5, 0.05, 0)
    assert root["adjusted_p"] == root["p"]
    assert below["adjusted_p"] == pytest.approx(max(root["p"], below["p"] * 149 / 49))


def test_more_units_than_images_are_no_error(rng):
    groups = np.repeat([0, 1], 30)
    features = rng.normal(size=(60, 300))
    features[:, :40] += 3.0 * groups[:, None]
    (result,) = tree_test(features, names(60), groups, 5, 0.05, 0)
    assert result["apart"]


@pytest.mark.parametrize("labels", [np.full(20, -1), np.repeat([0, -1], 10)])
def test_fewer_than_two_clusters_have_no_tree(labels, rng):
    assert tree_test(rng.normal(size=(20, 3)), names(20), labels, 5, 0.05, 0) == []


def test_few_patients_are_not_shown_to_be_apart(rng):
    groups = np.repeat([0, 1], 20)
    features = rng.normal(size=(40, 3)) + 20 * groups[:, None]
    owners = np.array([f"p{i % 4}" for i in range(40)])
    (result,) = tree_test(features, owners, groups, 5, 0.05, 0)
    assert (result["p"], result["apart"]) == (1.0, False)


def test_a_small_cluster_far_from_the_others_is_apart(rng):
    """0.5% of 12,000 images; of each cluster there are more than axes are fitted to, or few."""
    labels = (rng.random(12_000) < 0.005).astype(int)
    features = rng.normal(size=(12_000, 6))
    features[:, 0] += 9 * labels
    (result,) = tree_test(features, names(12_000), labels, 3, 0.05, 0)
    assert result["apart"]


def test_the_end_of_one_cloud_is_not_a_small_cluster(rng):
    """As many images of its end as of the rest would have a gap between them."""
    alarms = 0
    for _ in range(5):
        features = rng.normal(size=(12_000, 6))
        along = features[:, 0] + 0.3 * rng.normal(size=12_000)
        labels = (along > np.quantile(along, 0.995)).astype(int)
        alarms += tree_test(features, names(12_000), labels, 3, 0.05, 0)[0]["apart"]
    assert alarms == 0
