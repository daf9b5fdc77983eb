"""Healthy, infected and seriously infected images, as in 2020."""

import numpy as np
import pandas as pd

from cxr.similarity.groups import HEALTHY, INFECTED, SERIOUS, group_composition, severity_group
from cxr.similarity.space import make_space
from tests.helpers.severity import GROUPS, scored


def test_groups_are_by_extent_and_without_one_by_the_finding():
    records = pd.DataFrame(
        {
            "severity_extent": [0.7, 1.0, 4.9, 5.0, np.nan, np.nan],
            "finding": ["COVID-19"] * 4 + ["No finding", "COVID-19"],
        }
    )
    groups = severity_group(records, GROUPS).tolist()
    assert groups[:5] == [HEALTHY, INFECTED, INFECTED, SERIOUS, HEALTHY]
    assert pd.isna(groups[5])


def test_claims_are_held_against_chance(rng):
    table, records = scored(rng, patients=40)
    claims = group_composition(
        {"trained": [make_space(table, records["patient_id"], "euclidean", 0)[0]]},
        records,
        GROUPS,
        5,
        0,
    ).set_index(["among", "group"])
    serious = claims.loc[("scored", SERIOUS)]
    assert serious["share"] > 0.95 > serious["base_rate"]
    assert serious["low"] <= serious["share"] <= serious["high"]
    unscored = records.assign(severity_extent=np.nan)
    assert group_composition({}, unscored, GROUPS, 5, 0).empty
