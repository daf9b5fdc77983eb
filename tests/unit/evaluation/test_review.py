"""The review list: what is on it, in which order, and why."""

import numpy as np
import pandas as pd
import pytest

from cxr.core.io import read_csv, write_csv
from cxr.evaluation.review import (
    COLUMNS,
    CONTRADICTION,
    FAR,
    LABEL_ERROR,
    ReviewStudy,
    reason_counts,
    review_list,
)

CLASSES = ["normal", "viral"]
HOSTILE = '=cmd()|<script>alert(1)</script>"; normal'
NONE_EXCLUDED = pd.DataFrame({"source": [], "file": [], "reason": []}, dtype="str")


@pytest.fixture
def study():
    """Forty images without anything to see, whose probabilities fit their labels."""
    rng = np.random.default_rng(0)
    names = np.repeat(CLASSES, 20)
    cohort = pd.DataFrame({"image_id": [f"s/i{i:02d}.png" for i in range(40)], "class": names})
    cohort["patient_id"] = [f"p{i}" for i in range(40)]
    cohort["near_duplicate_group"] = np.nan
    normal = np.where(names == "normal", 0.9, 0.1) + rng.uniform(-0.05, 0.05, 40)
    predictions = cohort[["image_id", "class"]].assign(
        probability_normal=normal, probability_viral=1 - normal
    )
    features = rng.normal(size=(40, 4)) + 3 * (names == "viral")[:, None]
    images = rng.integers(0, 256, (1, 32, 32)) // 2 + rng.integers(0, 128, (40, 32, 32))
    return ReviewStudy(
        cohort, images.astype(np.uint8), features, predictions, NONE_EXCLUDED, CLASSES
    )


def changed(study, **parts):
    return ReviewStudy(**{**vars(study), **parts})


def with_label_error(study, row=3, sure=0.98):
    predictions = study.predictions.copy()
    predictions.loc[row, ["probability_normal", "probability_viral"]] = [1 - sure, sure]
    return changed(study, predictions=predictions)


def test_a_study_without_anything_to_see_has_no_reason(study):
    table = review_list(study)
    assert table.columns.tolist() == COLUMNS
    assert table["reason"].isna().all()
    assert table["rank"].tolist() == list(range(1, 41))
    assert table["score"].is_monotonic_decreasing


def test_a_label_error_comes_first_with_its_class_and_probabilities(study):
    first = review_list(with_label_error(study)).iloc[0]
    assert first["image_id"] == "s/i03.png"
    assert (first["class"], first["suspected_class"]) == ("normal", "viral")
    assert first["reason"] == LABEL_ERROR
    assert first["basis"] == "held-out probability of normal 0.02, of viral 0.98"
    assert first["score"] == 0.98


def test_probabilities_of_repeats_are_averaged(study):
    twice = pd.concat([study.predictions, with_label_error(study).predictions])
    row = review_list(changed(study, predictions=twice)).set_index("image_id").loc["s/i03.png"]
    normal = (study.predictions.loc[3, "probability_normal"] + 0.02) / 2
    assert row["score"] == pytest.approx(1 - normal, abs=1e-4)


def test_images_that_no_network_was_tested_on_are_listed_with_a_reason_only(study):
    features = study.features.copy()
    features[30] += 50
    few = changed(study, predictions=study.predictions.iloc[:10], features=features)
    table = review_list(few)
    assert len(table) == 11
    assert table.loc[0, ["image_id", "reason"]].tolist() == ["s/i30.png", FAR]


def test_ties_are_in_the_order_of_the_images_whatever_the_order_of_the_predictions(study):
    predictions = study.predictions.assign(probability_normal=0.5, probability_viral=0.5)
    table = review_list(changed(study, predictions=predictions))
    assert table["image_id"].is_monotonic_increasing
    turned = review_list(changed(study, predictions=predictions.iloc[::-1]))
    pd.testing.assert_frame_equal(table, turned)


def test_near_duplicates_under_two_classes_name_each_other(study):
    cohort = study.cohort.copy()
    cohort.loc[[5, 6, 25], "near_duplicate_group"] = 1.0
    cohort.loc[[7, 8], "near_duplicate_group"] = 2.0
    table = review_list(changed(study, cohort=cohort))
    found = table.loc[table["reason"] == CONTRADICTION].set_index("image_id")
    assert set(found.index) == {"s/i05.png", "s/i06.png", "s/i25.png"}
    assert found.loc["s/i05.png", "basis"] == "a near duplicate is viral: s/i25.png"
    assert (found["score"] >= 0.5).all()


def test_contradictions_outside_the_cohort_are_listed(study):
    reasons = [
        "near duplicate of an image of another class",
        "same bytes under two classes",
        "several rows with different findings",
        "removed by balancing",
    ]
    excluded = pd.DataFrame({"source": "s", "file": [*"abcd"], "reason": reasons})
    table = review_list(changed(study, excluded=excluded))
    listed = table.loc[table["class"].isna()]
    assert listed["image_id"].tolist() == ["s/a", "s/b", "s/c"]
    assert listed["basis"].str.startswith("not in the cohort: ").all()


def test_several_reasons_are_joined_the_highest_first_and_counted(study):
    features = study.features.copy()
    features[3] += 50
    table = review_list(changed(with_label_error(study), features=features))
    assert table.loc[0, "reason"] == f"{LABEL_ERROR}; {FAR}"
    assert reason_counts(table).to_dict() == {FAR: 1, LABEL_ERROR: 1}
    assert reason_counts(review_list(study)).empty


def test_hostile_names_stay_text(study, tmp_path):
    cohort = study.cohort.replace("s/i03.png", HOSTILE)
    predictions = with_label_error(study).predictions.replace("s/i03.png", HOSTILE)
    table = review_list(changed(study, cohort=cohort, predictions=predictions))
    write_csv(table, tmp_path / "review.csv")
    again = read_csv(tmp_path / "review.csv")
    assert again.loc[0, "image_id"] == HOSTILE
    assert "\n=cmd" not in (tmp_path / "review.csv").read_text()
    assert reason_counts(again).to_dict() == {LABEL_ERROR: 1}
