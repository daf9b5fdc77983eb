"""Clusters that a field makes don't survive without it, others do."""

import numpy as np
import pandas as pd

from cxr.evidence.counterfactual import fields_to_remove, search_without
from cxr.evidence.sample import Sample
from cxr.evidence.search import SearchGrid, search
from cxr.evidence.thresholds import Thresholds

GRID = SearchGrid((10.0,), tuple(i / 10 for i in range(1, 20)), (4, 6, 8), 3, 8, 1 / 3)
THRESHOLDS = Thresholds(alpha=0.05, effect=0.5, jaccard=0.75, min_images=30, min_patients=20)
GROUP = np.repeat([0, 1, 2], 40)


def sample(features):
    names = np.arange(len(features)).astype(str)
    return Sample(names, features, names)


def without(fields, names, rng, clusters=GROUP):
    features = rng.normal(size=(120, 10)) + 8 * np.eye(3, 10)[GROUP]
    before = features.copy()
    searched = search(features, GRID).labels
    rows = search_without(sample(features), pd.DataFrame(fields), names, GRID, clusters, searched)
    np.testing.assert_array_equal(features, before)
    return rows


def test_clusters_that_are_the_sites_do_not_survive(rng):
    (row,) = without({"site": GROUP.astype(str)}, ["site"], rng)
    assert (row["field"], row["levels"]) == ("site", 3)
    assert row["adjusted_rand_before"] > 0.95
    assert row["adjusted_rand"] < 0.2
    assert row["survives"] is False


def test_clusters_in_every_site_survive(rng):
    (row,) = without({"site": np.tile(["a", "b"], 60)}, ["site"], rng)
    assert (row["n_clusters"], row["survives"]) == (3, True)
    assert row["adjusted_rand"] > 0.9


def test_it_is_undecided_where_the_search_finds_other_clusters_anyway(rng):
    (row,) = without({"site": GROUP.astype(str)}, ["site"], rng, rng.permutation(GROUP))
    assert row["survives"] is None


def test_fields_of_one_level_or_none_are_left_out(rng):
    fields = {"source": ["one"] * 120, "kvp": np.arange(120.0)}
    rows = without(fields, ["source", "ward", "kvp"], rng)
    assert [(row["field"], row["levels"]) for row in rows] == [("kvp", 5)]


def test_the_strongest_fields_the_source_and_the_configs_are_taken_out():
    row = {"missing": "level", "q": 0.01, "effect": 0.8}
    table = pd.DataFrame(
        [
            row | {"field": "weak", "effect": 0.4, "ami": 0.9},
            row | {"field": "chance", "q": 0.2, "ami": 0.8},
            row | {"field": "fourth", "ami": 0.1},
            row | {"field": "third", "ami": 0.2},
            row | {"field": "first", "ami": 0.7},
            row | {"field": "second", "ami": 0.6},
            row | {"field": "other", "missing": "dropped", "ami": 0.9},
        ]
    )
    assert fields_to_remove(table, None, THRESHOLDS) == ["first", "second", "third", "source"]
    assert fields_to_remove(table, "first", THRESHOLDS)[-1] == "source"
    assert fields_to_remove(table, "view", THRESHOLDS)[-1] == "view"
    assert fields_to_remove(table.iloc[:0], None, THRESHOLDS) == ["source"]
