"""The field that explains clusters: significant after adjustment, strong, most informative."""

import pandas as pd

from cxr.evidence.explanation import explained_by
from cxr.evidence.thresholds import Thresholds

THRESHOLDS = Thresholds(alpha=0.05, effect=0.3, jaccard=0.75, min_images=30, min_patients=20)


def rows(field, missing="level", **changes):
    numbers = {"images": 100, "effect": 0.8, "low": 0.7, "high": 0.9, "p": 0.01, "q": 0.02}
    return {"field": field, "missing": missing, **numbers, "ami": 0.5, **changes}


def explains(*entries):
    """The field named, where the dropped rows are as the others unless given."""
    given = {entry["field"] for entry in entries if entry["missing"] == "dropped"}
    twins = [e | {"missing": "dropped"} for e in entries if e["field"] not in given]
    result = explained_by(pd.DataFrame([*entries, *twins]), THRESHOLDS)
    return result and result["field"]


def test_a_field_must_be_significant_after_adjustment():
    assert explains(rows("view", p=0.01, q=0.06)) is None
    assert explains(rows("view", p=0.05, q=0.05)) == "view"


def test_a_field_must_be_strong():
    assert explains(rows("view", effect=0.29)) is None
    assert explains(rows("view", effect=0.3)) == "view"


def test_missing_values_count_as_a_level_in_the_test():
    weak = rows("view", q=0.5), rows("view", "dropped", q=0.001)
    assert explains(*weak) is None
    assert explains(rows("view", q=0.001), rows("view", "dropped", q=0.5)) == "view"


def test_of_several_the_most_informative_one_is_named():
    strongest, informative = rows("doi", effect=0.95, ami=0.4), rows("view", effect=0.5, ami=0.6)
    assert explains(strongest, informative) == "view"
    assert explains(rows("sex", ami=0.9, q=0.2), strongest, informative) == "view"


def test_the_information_is_that_where_a_field_is_recorded_if_that_is_half():
    other = rows("view", ami=0.5)
    half = rows("doi", ami=0.1), rows("doi", "dropped", images=50, ami=0.9)
    assert explains(*half, other) == "doi"
    fewer = rows("doi", ami=0.1), rows("doi", "dropped", images=49, ami=0.9)
    assert explains(*fewer, other) == "view"
    undefined = rows("doi", ami=0.6), rows("doi", "dropped", images=90, ami=None)
    assert explains(*undefined, other) == "doi"


def test_of_fields_that_tell_the_same_the_one_recorded_of_most_images_is_named():
    scanner = rows("scanner", ami=0.94), rows("scanner", "dropped", images=100, ami=0.94)
    country = rows("country", ami=0.8), rows("country", "dropped", images=85, ami=0.98)
    assert explains(*scanner, *country) == "scanner"
    better = rows("country", ami=0.8), rows("country", "dropped", images=85, ami=1.0)
    assert explains(*scanner, *better) == "country"


def test_its_numbers_are_those_of_missing_as_a_level():
    table = pd.DataFrame([rows("view", low=None), rows("view", "dropped", p=0.9, ami=0.7)])
    assert explained_by(table, THRESHOLDS) == {
        "field": "view",
        "effect": 0.8,
        "low": None,
        "high": 0.9,
        "p": 0.01,
        "q": 0.02,
        "ami": 0.7,
    }
