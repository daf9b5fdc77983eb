"""What distinguishes a cluster, in words."""

import numpy as np
import pandas as pd

from cxr.explorer.distinction import MAX_LENGTH, MIN_RECORDED, distinguishing_fields


def associations(**q):
    rows = [
        {"field": field, "missing": missing, "measure": "cramers_v", "effect": 0.5, "q": value}
        for field, value in q.items()
        for missing in ("level", "dropped")
    ]
    return pd.DataFrame(rows)


def test_the_level_that_a_cluster_has_more_of_is_named_with_effect_and_q():
    labels = np.repeat([0, 1, -1], [20, 20, 10])
    fields = pd.DataFrame({"country": ["Italy"] * 15 + ["Spain"] * 35, "width": np.arange(50.0)})
    first, second = distinguishing_fields(
        labels, fields, associations(country=0.01, width=0.2), 0.05
    )
    assert first == [
        {
            "words": "country: Italy 75%, elsewhere 0% (Cramér's V 0.50, q = 0.010 over all "
            "clusters)",
            "significant": True,
        },
        {
            "words": "image width: median 9.5, elsewhere 34.5 (Cramér's V 0.50, q = 0.200 over "
            "all clusters)",
            "significant": False,
        },
    ]
    assert second[0]["words"].startswith("country: Spain 100%, elsewhere 50%")


def test_fields_that_are_hardly_recorded_or_not_tested_say_nothing():
    labels = np.repeat([0, 1], 20)
    values = np.array(["a"] * (MIN_RECORDED - 1) + [None] * 11 + ["b"] * 20, dtype=object)
    fields = pd.DataFrame({"rare": values, "untested": ["a"] * 20 + ["b"] * 20})
    tests = associations(rare=0.01, untested=np.nan, absent=0.01)
    assert distinguishing_fields(labels, fields, tests, 0.05) == [[], []]


def test_a_long_level_is_cut():
    labels = np.repeat([0, 1], 20)
    fields = pd.DataFrame({"location": ["x" * 500] * 20 + ["y"] * 20})
    ((field,), _) = distinguishing_fields(labels, fields, associations(location=0.01), 0.05)
    assert "x" * (MAX_LENGTH - 1) + "… 100%" in field["words"]
