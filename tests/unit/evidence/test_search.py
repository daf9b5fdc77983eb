"""The search that null simulations repeat is the study's."""

import time
from dataclasses import replace

import numpy as np
import pytest
from sklearn.cluster import DBSCAN
from sklearn.datasets import make_blobs
from sklearn.metrics import adjusted_rand_score

from cxr.clustering.balance import balance_score
from cxr.evidence.search import SearchGrid, SearchSettings, search
from tests.helpers.null_features import draw, plant

GRID = SearchGrid(
    perplexities=(5.0, 10.0, 30.0, 90.0),
    eps=(0.2, 0.4, 0.6),
    min_samples=(5, 10),
    min_clusters=3,
    max_clusters=8,
    max_perplexity_share=1 / 3,
)


def grid_for(n, n_perplexities=10, **changes):
    return SearchSettings(replace(GRID, **changes), n_perplexities).grid_for(n)


def blobs(n=120):
    return make_blobs(n, 10, centers=3, cluster_std=1.0, center_box=(-15, 15), random_state=3)


def test_planted_clusters_are_found():
    points, truth = blobs()
    result = search(points, grid_for(len(points)))
    assert result.balance_score == 0
    assert result.n_clusters == 3
    assert all(len(set(truth[result.labels == k])) == 1 for k in range(3))
    assert result.agreement > 0.95
    assert result.dbcv > 0.5


def test_the_best_cell_is_what_scikit_learn_makes_of_its_map(rng):
    points = draw("low rank", rng)
    grid = grid_for(len(points))
    result = search(points, grid)
    expected = DBSCAN(eps=result.eps, min_samples=result.min_samples).fit_predict(result.xy)
    np.testing.assert_array_equal(result.labels, expected)
    assert balance_score(result.labels) == result.balance_score
    for perplexity in grid.perplexities:
        one = search(points, replace(grid, perplexities=(perplexity,)))
        assert one.balance_score >= result.balance_score
        for eps in grid.eps:
            for count in grid.min_samples:
                labels = DBSCAN(eps=eps, min_samples=count).fit_predict(one.xy)
                if 3 <= labels.max() + 1 <= 8 and one.balance_score < np.inf:
                    assert balance_score(labels) >= one.balance_score


def test_perplexities_are_those_that_maps_can_have():
    assert grid_for(120, 10).perplexities == (5.0, 10.0, 30.0)
    assert grid_for(120, 2).perplexities == (5.0, 30.0)
    assert grid_for(12, 3).perplexities == ()


def test_where_no_cell_is_usable_nothing_is_found(rng):
    points = rng.normal(size=(40, 5))
    for changes in ({"perplexities": (200.0,)}, {"eps": (1e-6,)}):
        result = search(points, grid_for(40, 5, **changes))
        assert (result.agreement, result.balance_score, result.dbcv) == (0, np.inf, -np.inf)
        assert result.n_clusters == 0
        assert set(result.labels) == {-1}


def test_a_replicate_of_the_study_of_2020_takes_less_than_two_seconds(rng):
    features = draw("rectified", rng)[:174]
    grid = grid_for(
        len(features),
        30,
        perplexities=tuple(float(p) for p in range(1, 179)),
        eps=tuple(i / 10 for i in range(1, 20)),
        min_samples=tuple(range(5, 20)),
    )
    assert len(grid.perplexities) == 30
    search(features, grid)  # compiles
    start = time.process_time()
    search(features, grid)
    assert time.process_time() - start < 2


@pytest.mark.parametrize("seed", [0, 1])
def test_the_same_seed_finds_the_same(seed, rng):
    points = draw("low rank", rng)
    grid = grid_for(len(points), 2, initialization="random")
    one, two = search(points, grid, seed), search(points, grid, seed)
    np.testing.assert_array_equal(one.labels, two.labels)
    assert (one.agreement, one.dbcv) == (two.agreement, two.dbcv)


@pytest.mark.parametrize("choose", ["consensus", "dbcv"])
def test_unequal_groups_are_found_where_balance_prefers_equal_ones(choose):
    features, group = plant(3, 5.0, np.random.default_rng(4))
    grid = grid_for(len(features), min_clusters=2, min_samples=(5, 10, 15), choose=choose)
    result = search(features, grid)
    assert adjusted_rand_score(group, result.labels) > 0.85
    balanced = search(features, replace(grid, choose="balance"))
    assert balance_score(result.labels) >= balanced.balance_score == result.balance_score
    assert result.agreement == balanced.agreement


def test_maps_near_a_perplexity_vote_where_consensus_chooses():
    consensus = replace(GRID, choose="consensus")
    assert consensus.near(10.0, 120).perplexities == (5.0, 7.0, 10.0, 14.0, 20.0)
    assert consensus.near(30.0, 120).perplexities == (15.0, 21.0, 30.0, 40.0)
    assert consensus.near(1.0, 120).perplexities == (1.0, 1.4, 2.0)
    assert GRID.near(10.0, 120).perplexities == (10.0,)
    assert GRID.near(50.0, 120).usable_perplexities(120) == [50.0], "above the share as well"


def test_where_one_perplexity_is_searched_some_around_it_agree():
    alone = grid_for(120, n_perplexities=1)
    assert alone.perplexities == (5.0, 7.0, 10.0, 14.0, 20.0), "around the middle one"
    assert grid_for(120, perplexities=(30.0,)).perplexities == (15.0, 21.0, 30.0, 40.0)
    assert alone.usable_perplexities(30) == [5.0, 7.0, 10.0], "halves keep to the share"
