"""The tree and the kernels on it, on points few enough to look at all pairs."""

import numpy as np
import pytest
from hdbscan.validity import validity_index
from sklearn.cluster import DBSCAN

from cxr.clustering.dbcv import density_validity
from cxr.clustering.dbscan import label_points, sweep_cells
from cxr.clustering.kdtree import LEAF_SIZE, axis_distances, build_tree, place_median
from cxr.clustering.radius_search import are_close, find_cells, find_neighbours, with_room


def clouds(rng, n, d=2):
    return rng.normal(size=(n, d)) * 0.4 + 2 * rng.integers(0, 3, (n, 1))


POINTS = {
    "clouds": clouds,
    "lattice": lambda rng, n, d=2: rng.integers(0, 4, (n, d)) * 0.5,
    "wide": lambda rng, n, d=2: rng.normal(size=(n, d)) * ([10.0] + [0.1] * (d - 1)),
    "one place": lambda rng, n, d=2: np.ones((n, d)),
}


@pytest.mark.parametrize("kind", POINTS)
@pytest.mark.parametrize("n", [1, 8, 9, 16, 17, 40])
def test_a_tree_is_complete_and_its_boxes_are_the_smallest(kind, n, rng):
    points = POINTS[kind](rng, n, 3)
    tree = build_tree(points)
    assert sorted(tree.order.tolist()) == list(range(n))
    np.testing.assert_array_equal(tree.points, points[tree.order])
    leaves = 1 << max(0, int(np.ceil(np.log2(n / LEAF_SIZE))))
    assert len(tree.start) == 2 * leaves - 1
    assert (tree.start[0], tree.end[0]) == (0, n)
    assert tree.leaf.tolist() == [False] * (leaves - 1) + [True] * leaves
    for node in range(len(tree.start)):
        inside = tree.points[tree.start[node] : tree.end[node]]
        np.testing.assert_array_equal(tree.low[node], inside.min(axis=0))
        np.testing.assert_array_equal(tree.high[node], inside.max(axis=0))
        if tree.leaf[node]:
            assert len(inside) <= LEAF_SIZE
            continue
        left, right = 2 * node + 1, 2 * node + 2
        assert (tree.start[left], tree.end[right]) == (tree.start[node], tree.end[node])
        assert tree.end[left] == tree.start[right] == (tree.start[node] + tree.end[node]) // 2
        # Divided along the widest side.
        axis = int(np.argmax(inside.max(axis=0) - inside.min(axis=0)))
        assert tree.high[left, axis] <= tree.low[right, axis]


@pytest.mark.parametrize("middle", [2, 3, 7, 10, 11])
@pytest.mark.parametrize("ties", [False, True])
def test_the_median_is_placed_within_its_slice_alone(middle, ties, rng):
    for _ in range(20):
        points = rng.normal(size=(14, 2)).round(0 if ties else 9)
        order = rng.permutation(14).astype(np.int32)
        before = order.copy()
        place_median(points, order, 2, middle, 12, 1)
        assert sorted(order[2:12]) == sorted(before[2:12])
        assert order[[0, 1, 12, 13]].tolist() == before[[0, 1, 12, 13]].tolist()
        values = points[order, 1]
        assert values[2:middle].max(initial=-np.inf) <= values[middle:12].min()


def test_distances_along_an_axis():
    assert axis_distances(0.0, 1.0, 3.0, 7.0) == (2, 7)
    assert axis_distances(3.0, 7.0, 0.0, 1.0) == (2, 7)
    assert axis_distances(0.0, 4.0, 3.0, 5.0) == (0, 5)
    assert axis_distances(0.0, 9.0, 3.0, 5.0) == (0, 6), "one inside the other"
    assert axis_distances(0.0, 4.0, 1.0, 1.0) == (0, 3), "a point"


def test_points_at_the_radius_are_close():
    points = np.array([[0.0, 0], [3, 4], [3, 4.1]])
    assert are_close(points, 0, 1, 25.0)
    assert not are_close(points, 0, 2, 25.0)
    assert are_close(points, 0, 0, 0.0)


def test_room_is_made_only_where_it_is_needed():
    array = np.arange(3)
    assert with_room(array, 3) is array
    assert with_room(array, 4)[:3].tolist() == [0, 1, 2]
    assert len(with_room(array, 4)) == 8


@pytest.mark.parametrize("kind", POINTS)
@pytest.mark.parametrize("cap", [1, 3, 6, 41])
def test_neighbours_are_those_of_all_pairs(kind, cap, rng):
    points = POINTS[kind](rng, 40)
    for radius in (0.01, 0.5, 1.0, 30.0):
        tree, square = build_tree(points), radius * radius
        node_cell, cell, n_cells = find_cells(tree, square)
        near = find_neighbours(tree, node_cell, cell, square, cap)
        squares = ((tree.points[:, None] - tree.points[None]) ** 2).sum(axis=2)
        close = squares <= square
        degree = close.sum(axis=1)
        np.testing.assert_array_equal(near.degree, np.minimum(degree, cap))
        for p in np.flatnonzero(degree < cap):
            listed = near.listed[near.begin[p] : near.begin[p] + degree[p]]
            assert sorted(listed.tolist()) == np.flatnonzero(close[p]).tolist()
        assert sorted(set(cell.tolist())) == list(range(n_cells))
        same = cell[:, None] == cell
        assert close[same].all(), "points of a cell are neighbours"
        # A cell is the largest such box: no parent of a cell has a short enough diagonal.
        diagonal = ((tree.high - tree.low) ** 2).sum(axis=1)
        assert ((node_cell >= 0) == (diagonal <= square))[tree.end - tree.start > 0].all()


@pytest.mark.parametrize("kind", POINTS)
@pytest.mark.parametrize("n", [2, 9, 40])
def test_few_points_are_labelled_as_by_scikit_learn(kind, n, rng):
    points = POINTS[kind](rng, n)
    eps, min_samples = [0.25, 0.5, 1.1], [1, 3, 4, 7]
    cells = sweep_cells(points, eps, min_samples)
    sizes = iter(cells.sizes.tolist())
    for i, radius in enumerate(eps):
        for j, count in enumerate(min_samples):
            expected = DBSCAN(eps=radius, min_samples=count).fit_predict(points)
            np.testing.assert_array_equal(label_points(points, radius, count), expected)
            assert cells.n_clusters[i, j] == expected.max() + 1
            assert cells.n_outliers[i, j] == (expected == -1).sum()
            for size in np.bincount(expected[expected >= 0]):
                assert next(sizes) == size


def test_a_border_point_joins_the_cluster_with_the_lower_label():
    # Both triples are clusters; the fourth point is near one core point of each.
    points = np.array([[0.0, 0], [0.1, 0], [0.2, 0], [1.1, 0], [2.0, 0], [2.1, 0], [2.2, 0]])
    for order in (range(7), range(6, -1, -1), [3, 4, 0, 5, 1, 6, 2]):
        given = points[list(order)]
        expected = DBSCAN(eps=0.95, min_samples=4).fit_predict(given)
        np.testing.assert_array_equal(label_points(given, 0.95, 4), expected)


def distances(points):
    return np.sqrt(((points[:, None] - points[None]) ** 2).sum(axis=2))


@pytest.mark.parametrize("tied", [False, True])
def test_the_validity_of_few_points_is_hdbscans(tied, rng):
    for k in (2, 3, 4):
        for _ in range(5):
            labels = np.concatenate([np.repeat(np.arange(k), 2), rng.integers(-1, k, 18)])
            points = rng.normal(0, 3, (k, 2))[labels] + rng.normal(size=(len(labels), 2))
            given = distances(np.round(points, 0 if tied else 9))
            expected = validity_index(given, labels, metric="precomputed", d=2)
            assert density_validity(given, labels, 2) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("d", [1, 3])
def test_the_validity_depends_on_the_dimension(d, rng):
    points = np.concatenate([rng.normal(size=(8, d)), rng.normal(size=(8, d)) + 9])
    labels = np.repeat([0, 1], 8)
    expected = validity_index(points, labels)
    assert density_validity(distances(points), labels, d) == pytest.approx(expected)


def test_the_validity_of_pairs_by_hand():
    # Two pairs: each is one edge as long as the pair, and the gap is 8 between the nearest ones,
    # of which the first point of each pair stands for all.
    points = np.array([[0.0, 0], [1, 0], [10, 0], [11, 0]])
    assert density_validity(distances(points), np.array([0, 0, 1, 1]), 2) == pytest.approx(0.9)
    # A cluster of one point counts as 0, and is near the others.
    assert density_validity(distances(points[:3]), np.array([0, 0, 1]), 2) == pytest.approx(0.6)
    # Outliers cost their share.
    given = distances(np.concatenate([points, [[50.0, 0]]]))
    with_outlier = density_validity(given, np.array([0, 0, 1, 1, -1]), 2)
    assert with_outlier == pytest.approx(0.9 * 4 / 5)
