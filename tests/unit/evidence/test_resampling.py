"""What a repetition draws, where it looks and how often."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import make_blobs

from cxr.evidence.resampling import (
    RepeatedSearch,
    ResamplingSettings,
    repeat_search,
    repeat_searches,
    resampled_searches,
)
from cxr.evidence.sample import Sample, SampleSettings
from cxr.evidence.search import SearchGrid, SearchSettings, neighbours_for, search
from cxr.evidence.thresholds import MinimumSize

GRID = SearchGrid((8.0,), (0.3, 0.5), (3,), 2, 4, 1 / 3, "balance")
SETTINGS = ResamplingSettings(
    2, 7, MinimumSize(30, 10), SampleSettings(None, 500, 0), SearchSettings(GRID, 1)
)


@pytest.fixture
def sample():
    """Twenty patients with two images each, in three clusters."""
    points, _ = make_blobs(40, 5, centers=3, cluster_std=1.0, center_box=(-9, 9), random_state=1)
    ids = np.array([f"i{i:02d}" for i in range(40)])
    return Sample(ids, points, np.repeat([f"p{i:02d}" for i in range(20)], 2))


@pytest.fixture
def drawn(sample):
    return list(resampled_searches(again(sample), SETTINGS))


def again(sample):
    return [RepeatedSearch(sample, GRID, 0.2, 3)]


def test_each_kind_is_repeated_and_holds_whole_patients(sample, drawn):
    kinds = ["bootstrap"] * 2 + ["subsample"] * 2 + ["start"] * 2
    assert [kind for kind, *_ in drawn] == kinds
    for _, number, images, labels in drawn:
        assert number == 0
        assert len(labels) == len(images)
        assert set(np.bincount(images, minlength=40).reshape(20, 2).sum(axis=1)) <= {0, 2}
    assert [len(images) for *_, images, _ in drawn[2:4]] == [32, 32], "80% of the patients"
    assert [images.tolist() for *_, images, _ in drawn[4:]] == [list(range(40))] * 2
    assert drawn[0][2].tolist() != drawn[1][2].tolist()


def test_draws_follow_the_seed(sample, drawn):
    same = list(resampled_searches(again(sample), SETTINGS))
    other = list(resampled_searches(again(sample), replace(SETTINGS, seed=8)))
    assert [i.tolist() for *_, i, _ in same] == [i.tolist() for *_, i, _ in drawn]
    assert [i.tolist() for *_, i, _ in other] != [i.tolist() for *_, i, _ in drawn]


def test_a_repetition_is_a_search_at_the_same_share_of_the_images(sample, drawn):
    """With 32 of 40 images the perplexity is 6.4 instead of 8; each turn has its own seed."""
    for number, (kind, _, images, labels) in enumerate(drawn):
        grid = replace(GRID, initialization="random") if kind == "start" else GRID
        near, seed = grid.near(0.2 * len(images), len(images)), 1 + number % 2
        expected = repeat_search(neighbours_for(sample.features[images], near), near, 3, seed)
        assert labels.tolist() == expected.labels.tolist()


def test_the_number_of_clusters_is_kept_where_it_can_be(sample):
    neighbours = neighbours_for(sample.features, GRID)
    assert set(repeat_search(neighbours, GRID, 3).labels) - {-1} == {0, 1, 2}
    labels = repeat_search(neighbours, GRID, 2).labels
    free = search(sample.features, GRID).labels
    two = search(sample.features, replace(GRID, min_clusters=2, max_clusters=2))
    assert labels.tolist() == (two.labels if two.n_clusters else free).tolist()
    none = repeat_search(neighbours, replace(GRID, max_clusters=3), 40)
    assert (
        none.labels.tolist()
        == search(sample.features, replace(GRID, max_clusters=3)).labels.tolist()
    )


def test_retrained_networks_are_searched_as_a_whole(sample):
    cell = {"method": "tsne", "algorithm": "dbscan", "reliable": True, "perplexity": 8.0}
    ranking = pd.DataFrame([{**cell, "n_clusters": 3, "n_images": 40}])
    table = repeat_searches(sample, [sample, sample], ranking, SETTINGS)
    assert table["turn"].nunique() == 6 + 2
    training = table.loc[table["kind"] == "training"]
    assert training["turn"].unique().tolist() == [6, 7]
    expected = repeat_search(neighbours_for(sample.features, GRID), GRID, 3).labels
    for _, rows in training.groupby("turn"):
        assert rows["image_id"].tolist() == sample.image_ids.tolist()
        assert rows["cluster"].tolist() == expected.tolist()
    few = replace(SETTINGS, minimum=MinimumSize(41, 10))
    assert repeat_searches(sample, [], ranking, few).empty
