"""Spaces side by side: own patient, other fields, parts of the patients."""

import numpy as np
import pandas as pd

from cxr.similarity.comparison import HELD_OUT, TRAINED, build_spaces, compare_spaces
from tests.helpers.similarity import table_of


def test_follow_ups_of_a_patient_flatter_the_search(rng):
    people = rng.normal(size=(60, 6))
    features = np.repeat(people, 2, axis=0) + 0.01 * rng.normal(size=(120, 6))
    classes = np.repeat(rng.choice(["a", "b"], 60), 2)
    patients = [f"p{number // 2}" for number in range(120)]
    table = table_of(features)
    records = pd.DataFrame({"class": classes, "patient_id": patients}, index=table["image_id"])
    found = compare_spaces(build_spaces({TRAINED: table}, [], records, "cosine", 0), 1, 0)
    rows = found[found["level"] == "all"].set_index("own_patient")
    assert rows.loc["included", "precision"] == 1
    assert rows.loc["excluded", "precision"] < 0.75
    assert rows.loc["excluded", "enrichment_low"] < 1 < rows.loc["excluded", "enrichment_high"]
    own = rows.loc["excluded"]
    assert own["precision_low"] < own["precision"] < own["precision_high"]


def test_what_else_neighbours_share_is_asked_within_a_class(rng):
    # Country follows the class, and inside class a nothing but the features' place.
    features = rng.normal(size=(80, 2))
    features[40:] += 20
    country = np.where(np.arange(80) < 40, np.where(features[:, 0] > 0, "Italy", "Spain"), "China")
    table = table_of(features)
    records = pd.DataFrame({"class": np.repeat(["a", "b"], 40), "country": country})
    records = records.assign(patient_id=table["image_id"].to_numpy()).set_index(table["image_id"])
    records["scanner"] = records["country"]
    found = compare_spaces(build_spaces({TRAINED: table}, [], records, "euclidean", 0), 5, 0)
    told = found[(found["field"] == "country") & (found["own_patient"] == "excluded")]
    assert told["level"].tolist() == ["a"]
    assert told["enrichment_low"].iloc[0] > 1.2
    assert set(found["field"]) == {"class", "country", "scanner"}


def test_parts_are_searched_by_themselves(rng):
    table = table_of(rng.normal(size=(40, 4)))
    records = pd.DataFrame({"class": ["a", "b"] * 20}, index=table["image_id"])
    records["patient_id"] = records.index
    folds = [table.iloc[::2].reset_index(drop=True), table.iloc[1::2].reset_index(drop=True)]
    searches = build_spaces({TRAINED: table}, folds, records, "cosine", 0)
    assert list(searches.spaces) == [HELD_OUT, TRAINED]
    for ours, theirs in zip(*searches.spaces.values(), strict=True):
        assert ours.image_ids.tolist() == theirs.image_ids.tolist()
    empty = build_spaces({TRAINED: table}, [folds[0], folds[1].iloc[:0]], records, "cosine", 0)
    assert {name: len(parts) for name, parts in empty.spaces.items()} == {TRAINED: 1}
