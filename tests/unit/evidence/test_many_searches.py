"""Searches whose maps are computed many at a time find what they find one by one."""

from dataclasses import replace

import numpy as np
import pytest

from cxr.embedding import gpu, tsne_gpu
from cxr.embedding.card import Card
from cxr.embedding.knn import find_neighbours
from cxr.embedding.tsne import TsneSettings, embed
from cxr.evidence import many_searches
from cxr.evidence.many_searches import PendingSearch, run_searches
from cxr.evidence.search import SearchGrid, best_of_maps, neighbours_for

GRID = SearchGrid((3.0, 6.0), (0.3, 0.6), (3, 5), 2, 6, 1 / 3)


@pytest.fixture
def card(monkeypatch):
    """A card that computes what the CPU does; the sizes of the batches it was asked for."""
    sizes = []

    def compute_maps(requests, card, with_divergence=True):
        sizes.append(len(requests))
        for each in requests:
            settings = TsneSettings(each.initialization, "exact")
            yield [embed(each.neighbours, *run, settings, 1) for run in each.runs]

    monkeypatch.setattr(tsne_gpu, "compute_maps", compute_maps)
    monkeypatch.setattr(gpu, "card_for", lambda n, optional: Card("cuda", "the CPU"))
    return sizes


def searches(grid, count=7):
    """Searches of features that are drawn when it is their turn, of several sizes."""

    def pending(number):
        n = 24 + 3 * (number % 3)

        def prepare():
            features = np.random.default_rng(number).normal(size=(n, 4))
            return features, neighbours_for(features, grid)

        def finish(features, maps):
            return features.sum(), best_of_maps(maps, grid)

        return PendingSearch(n, grid, number, prepare, finish)

    return (pending(number) for number in range(count))


def test_results_are_those_of_searches_one_by_one_and_in_order(card, monkeypatch):
    monkeypatch.setattr(many_searches, "PAIRS", 4000)
    alone = list(run_searches(searches(GRID)))
    assert not card
    together = list(run_searches(searches(replace(GRID, device="gpu")), threads=3))
    assert sum(card) == 7
    assert 1 < len(card) < 7
    for (total, one), (other_total, other) in zip(alone, together, strict=True):
        assert total == other_total
        np.testing.assert_array_equal(one.xy, other.xy)
        assert one.dbcv == other.dbcv


def test_without_a_card_they_are_run_one_by_one(monkeypatch):
    from cxr.embedding import gpu

    monkeypatch.setattr(gpu, "find_card", lambda: None)
    alone = list(run_searches(searches(GRID, 2)))
    found = list(run_searches(searches(replace(GRID, device="gpu"), 2), threads=3))
    for (_, one), (_, other) in zip(alone, found, strict=True):
        np.testing.assert_array_equal(one.xy, other.xy)


def test_no_search_finds_nothing(card):
    assert list(run_searches(iter(()), threads=2)) == []


def test_too_few_images_for_any_map_have_no_clusters(card):
    grid = replace(GRID, device="gpu", perplexities=(30.0,))
    found = [result.n_clusters for _, result in run_searches(searches(grid, 2), threads=2)]
    assert found == [0, 0]


def test_a_failure_of_one_search_ends_all(card):
    def broken():
        raise ValueError("no features")

    def finish(features, maps):
        return features

    grid = replace(GRID, device="gpu")
    points = find_neighbours(np.zeros(24, np.str_), np.eye(24), 6.0, 1)
    fine = PendingSearch(24, grid, 0, lambda: (np.eye(24), points), finish)
    with pytest.raises(ValueError, match="no features"):
        list(run_searches([fine, replace(fine, prepare=broken)], threads=2))
