"""Pairs of recorded fields."""

import pytest

from cxr.analysis.relations import relate
from tests.helpers.records import PREDICTORS, patients_of


def test_every_pair_of_fields_is_asked_once(rng):
    table = relate(patients_of(rng, informative=True), "severity", PREDICTORS, 99, 0)
    dropped = table.loc[table["missing"] == "dropped"].set_index(["within", "field"])
    assert set(dropped.index) == {
        ("severity", "location"),
        ("severity", "sex"),
        ("severity", "age_years"),
        ("location", "sex"),
        ("location", "age_years"),
        ("sex", "age_years"),
    }
    assert dropped.loc[("severity", "location"), "effect"] > 0.9
    assert dropped.loc[("severity", "location"), "p"] == pytest.approx(0.01)
