"""Every cell is labelled as scikit-learn labels it, at any size, and bad input is named."""

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.cluster import DBSCAN

from cxr.clustering.dbscan import label_points, sweep_cells

# The grid of 2020.
EPS = np.arange(0.1, 2.0, 0.1)
MIN_SAMPLES = range(5, 20)


def blobs(n, d, rng):
    return 2 * rng.normal(size=(3, d))[rng.integers(0, 3, n)] + 0.3 * rng.normal(size=(n, d))


KINDS = {
    "blobs": blobs,
    "noise": lambda n, d, rng: rng.uniform(-1.7, 1.7, size=(n, d)),
    "line": lambda n, d, rng: np.outer(rng.uniform(-2, 2, n), np.ones(d)),
    "duplicates": lambda n, d, rng: blobs(n // 4 + 1, d, rng)[rng.integers(0, n // 4 + 1, n)],
    "one point": lambda n, d, rng: np.zeros((n, d)),
    "flat axis": lambda n, d, rng: blobs(n, d, rng) * np.eye(d)[0],
    "lattice": lambda n, d, rng: rng.integers(0, 5, size=(n, d)).astype(float),
}


def assert_equal_to_scikit_learn(points, eps, min_samples):
    """Compares counts, sizes and labels of every cell."""
    cells = sweep_cells(points, eps, min_samples)
    sizes = np.split(cells.sizes, np.cumsum(cells.n_clusters.ravel())[:-1])
    for i, radius in enumerate(eps):
        for j, count in enumerate(min_samples):
            expected = DBSCAN(eps=radius, min_samples=count).fit_predict(points)
            where = f"eps={radius!r} min_samples={count}"
            labels = label_points(points, radius, count)
            np.testing.assert_array_equal(labels, expected, err_msg=where)
            np.testing.assert_array_equal(
                sizes[i * len(min_samples) + j], np.bincount(expected[expected >= 0]), where
            )
            assert cells.n_clusters[i, j] == expected.max() + 1, where
            assert cells.n_outliers[i, j] == (expected == -1).sum(), where


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("d", [2, 3, 5])
def test_the_whole_grid_equals_scikit_learn(kind, d, rng):
    assert_equal_to_scikit_learn(KINDS[kind](179, d, rng), EPS, MIN_SAMPLES)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("n", [2, 3, 12, 30, 1000])
def test_every_size_equals_scikit_learn(kind, n, rng):
    assert_equal_to_scikit_learn(KINDS[kind](n, 2, rng), EPS[::3], [1, 2, 3, 5, 12, 19])


@pytest.mark.parametrize("kind", KINDS)
def test_five_thousand_points_equal_scikit_learn(kind, rng):
    assert_equal_to_scikit_learn(KINDS[kind](5000, 2, rng), [0.02, 0.1, 0.3], [3, 10, 19])


@settings(deadline=None, max_examples=150)
@given(st.data())
def test_ties_at_exactly_eps_equal_scikit_learn(data):
    d = data.draw(st.integers(2, 5))
    side = data.draw(st.integers(2, 6))
    point = st.tuples(*[st.integers(0, side)] * d)
    points = np.array(data.draw(st.lists(point, min_size=2, max_size=60)), dtype=float)
    eps = data.draw(st.lists(st.sampled_from([1, 2**0.5, 2, 5**0.5, 3]), min_size=1, max_size=4))
    min_samples = data.draw(st.lists(st.integers(1, 20), min_size=1, max_size=4))
    assert_equal_to_scikit_learn(points, eps, min_samples)


@settings(deadline=None, max_examples=100)
@given(st.data())
def test_ties_between_inexact_floats_follow_the_squared_distance(data):
    # scikit-learn's own tree has two answers to |(0.6, 0.8)| <= 1, by the distance or by the box
    # that it looks at, and below 12 points a third; given who is a neighbour it has one.
    point = st.tuples(st.integers(0, 15), st.integers(0, 15))
    points = np.array(data.draw(st.lists(point, min_size=2, max_size=80))) * 0.1
    steps = points[:, None] - points[None]
    squares = steps[..., 0] * steps[..., 0] + steps[..., 1] * steps[..., 1]
    for eps in EPS:
        for count in data.draw(st.lists(st.integers(1, 9), min_size=1, max_size=2)):
            model = DBSCAN(eps=0.5, min_samples=count, metric="precomputed")
            expected = model.fit_predict((squares > eps * eps).astype(float))
            np.testing.assert_array_equal(label_points(points, eps, count), expected)


@settings(deadline=None, max_examples=50)
@given(st.integers(0, 2**32 - 1), st.permutations(list(range(6))), st.permutations([3, 5, 5, 9]))
def test_order_and_repeats_of_the_grid_change_no_cell(seed, order, min_samples):
    points = blobs(60, 2, np.random.default_rng(seed))
    eps = EPS[[0, 3, 3, 9, 1, 18]][list(order)]
    assert_equal_to_scikit_learn(points, eps, min_samples)


def test_more_neighbours_than_points_make_outliers_only():
    cells = sweep_cells(np.zeros((4, 2)), [1.0], [4, 5, 10**9])
    assert cells.n_clusters.tolist() == [[1, 0, 0]]
    assert cells.n_outliers.tolist() == [[0, 4, 4]]
    assert label_points(np.zeros((1, 2)), 0.1, 1).tolist() == [0]


@pytest.mark.parametrize(
    ("points", "eps", "min_samples", "message"),
    [
        (np.array([[0, 1], [np.nan, 1]]), [1], [5], "points: 1 of 2 rows hold NaN .* row 1"),
        (np.array([[np.inf, 1]]), [1], [5], "points: 1 of 1 rows hold NaN or infinity"),
        (np.zeros((0, 2)), [1], [5], "points: shape"),
        (np.zeros(5), [1], [5], "points: shape"),
        (np.zeros((5, 2)), [1, 0], [5], "eps: every value must be greater than 0"),
        (np.zeros((5, 2)), [np.nan], [5], "eps: every value must be greater than 0"),
        (np.zeros((5, 2)), [1], [0], "min_samples: every value must be a whole number"),
        (np.zeros((5, 2)), [1], [2.5], "min_samples: every value must be a whole number"),
    ],
)
def test_bad_input_is_named(points, eps, min_samples, message):
    with pytest.raises(ValueError, match=message):
        sweep_cells(points, eps, min_samples)


def test_a_million_points_need_little_memory():
    # All points are neighbours of half of the others at the larger radii.
    code = """
import sys
import numpy as np
sys.path.insert(0, "workflow/scripts")
from cxr.clustering.dbscan import sweep_cells
points = np.random.default_rng(0).normal(size=(1_000_000, 2))
print(sweep_cells(points, np.arange(0.1, 2.0, 0.1), range(5, 20)).n_clusters.sum())
print(open("/proc/self/status").read().split("VmHWM:")[1].split()[0])
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=300
    )
    n_clusters, peak = map(int, done.stdout.split())
    assert n_clusters >= 285
    assert peak < 1_000_000  # kilobytes, the interpreter and the libraries included


@pytest.mark.parametrize(
    ("eps", "min_samples"), [(np.ones((1, 1)), [5]), ([1], np.full((1, 1), 5)), ([-1], [5])]
)
def test_a_grid_of_another_shape_is_named(eps, min_samples):
    with pytest.raises(ValueError, match="every value must be"):
        sweep_cells(np.zeros((5, 2)), eps, min_samples)
    assert sweep_cells(np.zeros((1, 1)), [1e-9], [1]).n_clusters.tolist() == [[1]]
