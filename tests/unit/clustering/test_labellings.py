"""The labels of every usable cell are scikit-learn's, each distinct clustering once."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sklearn.cluster import DBSCAN
from sklearn.datasets import make_blobs

from cxr.clustering import labellings
from cxr.clustering.labellings import label_map_cells

EPS, MIN_SAMPLES = (0.2, 0.35, 0.5, 0.9), (3, 5, 9)


@pytest.fixture(params=[0, 500], ids=["large", "small"], autouse=True)
def way(request, monkeypatch):
    """Both ways of labelling, whatever the number of images."""
    monkeypatch.setattr(labellings, "SMALL", request.param)


def partition(labels):
    """A clustering without its numbers: the sets of images, and the outliers."""
    groups = {tuple(np.flatnonzero(labels == k)) for k in set(labels) - {-1}}
    return groups, tuple(np.flatnonzero(labels == -1))


def check(points, fewest, most):
    found = label_map_cells(points, EPS, MIN_SAMPLES, fewest, most)
    for row, eps in enumerate(EPS):
        for column, count in enumerate(MIN_SAMPLES):
            expected = DBSCAN(eps=eps, min_samples=count).fit_predict(points)
            place = found.cells[row, column]
            assert (place >= 0) == (fewest <= expected.max() + 1 <= most)
            if place >= 0:
                assert partition(found.labels[place]) == partition(expected)
    return found


@settings(
    max_examples=30,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(st.integers(0, 10**6), st.integers(0, 2), st.integers(1, 3), st.integers(3, 6))
def test_labels_are_scikit_learns(seed, decimals, fewest, most):
    """With few decimals many distances are equal, and many points too."""
    rng = np.random.default_rng(seed)
    check(np.round(rng.normal(size=(60, 2)), decimals), fewest, most)


def test_points_of_one_and_of_three_dimensions_are_labelled(rng):
    for dimension in (1, 3):
        check(rng.normal(size=(80, dimension)), 1, 8)


def test_equal_clusterings_are_kept_once_and_named_by_their_first_cell():
    points, _ = make_blobs(90, 2, centers=3, cluster_std=0.1, center_box=(-9, 9), random_state=1)
    found = check(points, 2, 8)
    assert len({labels.tobytes() for labels in found.labels}) == len(found.labels)
    used = found.cells[found.cells >= 0]
    assert sorted(set(used)) == list(range(len(found.labels)))
    for place, (row, column) in enumerate(found.first_cells()):
        assert found.cells[row, column] == place
        assert not (found.cells.ravel()[: row * len(MIN_SAMPLES) + column] == place).any()


def test_clusters_are_numbered_by_their_first_image():
    points = np.array([[9.0, 0]] * 5 + [[0.0, 0]] * 5 + [[5.0, 0]] * 5)
    labels = label_map_cells(points, [0.5], [3], 2, 8).labels
    assert labels.tolist() == [[0] * 5 + [1] * 5 + [2] * 5]


@pytest.mark.parametrize("fewest", [4, 9])
def test_a_map_without_a_usable_cell_has_no_clustering(fewest):
    points = np.array([[0.0, 0]] * 5 + [[9.0, 0]] * 5)
    found = label_map_cells(points, [0.5], [3], fewest, 9)
    assert found.labels.shape == (0, 10)
    assert found.cells.tolist() == [[-1]]
    assert found.first_cells().shape == (0, 2)


def test_a_min_samples_above_the_number_of_images_is_possible():
    points = np.array([[0.0, 0]] * 4 + [[9.0, 0]] * 4)
    assert label_map_cells(points, [0.5], [2, 40, 50], 2, 8).cells.tolist() == [[0, -1, -1]]
