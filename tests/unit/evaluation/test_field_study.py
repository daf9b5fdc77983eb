"""Recorded fields and those of a study's own stand in both tables of a network."""

import numpy as np
import pandas as pd
import pytest

from cxr.evaluation.confounding import confounding_table
from cxr.evaluation.field_study import FieldStudy, main_predictions
from cxr.evaluation.subgroups import FIELDS, subgroup_table
from cxr.evidence.covariates import recorded_fields

CLASSES = ["ill", "well"]
N = 240


@pytest.fixture
def study(rng):
    """Two classes, whose ward tells the class and on one of whose scanners the network fails."""
    ids, labels = [f"i{i:03d}" for i in range(N)], np.tile(CLASSES, N // 2)
    scanner = rng.choice(["GE", "Siemens"], N)
    fails = (scanner == "GE") & (rng.random(N) < 0.4)
    ill = np.where((labels == "ill") != fails, 0.9, 0.1)
    cohort = pd.DataFrame({"image_id": ids, "class": labels})
    cohort["split"] = np.repeat(["train", "test"], [N // 3, N - N // 3])
    metadata = pd.DataFrame(
        {
            "image_id": ids,
            "source": "here",
            "country": rng.choice(["Italy", "Spain"], N),
            "view": rng.choice(["PA", "AP"], N),
            "sex": rng.choice(["F", "M"], N),
            "age_years": rng.integers(20, 90, N).astype(float),
            "icu": rng.choice(["yes", "no"], N),
            "intubated": rng.choice(["yes", None], N),
            "scanner": scanner,
            "ward": np.where(labels == "ill", "3A", "4B"),
            "dose": rng.normal(2, 0.5, N),
        }
    )
    predictions = cohort.assign(probability_ill=ill, probability_well=1 - ill)
    return FieldStudy(
        cohort,
        recorded_fields(metadata, cohort).drop(columns="split"),
        cohort[["image_id", "split"]].assign(part="study", protocol="study"),
        main_predictions(predictions.assign(predicted="ill"), []),
        pd.Series(ids, ids),
        CLASSES,
    )


def test_every_recorded_field_is_set_against_the_class(study):
    table = confounding_table(study, 0, replicates=50, permutations=399).set_index("field")
    recorded = ["source", "country", "view", "sex", "age_band", "icu", "intubated"]
    assert set(table.index) == {*recorded, "scanner", "ward", "dose"}
    assert table["light"].drop("source").ne("none").all()
    assert table["light"].to_dict()["ward"] == "red"
    assert table.loc["ward", ["cramers_v", "alone"]].tolist() == pytest.approx([1, 1], abs=0.01)
    assert table.loc["dose", "levels"] == 5
    assert table.loc["scanner", "remaining"] == pytest.approx(1, abs=0.1)


def test_subgroups_are_of_the_named_fields_and_own_ones(study):
    table = subgroup_table(study, 0, replicates=50, permutations=199)
    assert set(table["field"]) == {*FIELDS, "scanner", "ward", "dose"}
    gap = table.loc[(table["level"] == "GE") & (table["metric"] == "roc_auc")].iloc[0]
    assert gap["difference_low"] < gap["difference"] < gap["difference_high"] < 0
    assert gap["q"] < 0.05
