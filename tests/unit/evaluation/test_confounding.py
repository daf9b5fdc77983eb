"""A field that tells the class is found, with what the network adds to it."""

import numpy as np
import pandas as pd
import pytest

from cxr.evaluation.confounding import CHANCE, COLUMNS, confounding_table, confounding_verdict
from cxr.evaluation.field_study import FieldStudy, main_predictions

CLASSES = ["ill", "well"]


def study_of(rng, fields, labels, scores, classes=CLASSES, images=1):
    """A study of patients with so many images each, of which two of three train."""
    n = len(labels)
    ids = [f"i{i:04d}" for i in range(n)]
    split = np.array(["train", "train", "test"])[(np.arange(n) // images) % 3]
    cohort = pd.DataFrame({"image_id": ids, "class": labels, "split": split})
    folds = cohort[["image_id", "split"]].assign(part="study", protocol="study")
    table = cohort.assign(predicted=np.array(classes)[scores.argmax(axis=1)])
    for k, name in enumerate(classes):
        table[f"probability_{name}"] = scores[:, k]
    fields = pd.DataFrame(fields, index=ids)
    patients = pd.Series([f"p{i // images}" for i in range(n)], ids)
    return FieldStudy(cohort, fields, folds, main_predictions(table, []), patients, classes)


def scores_of(rng, labels, correct, classes=CLASSES):
    """Probabilities that give the true class the highest with some probability."""
    codes = np.array([classes.index(name) for name in labels])
    wrong = (codes + rng.integers(1, len(classes), len(codes))) % len(classes)
    answers = np.where(rng.random(len(codes)) < correct, codes, wrong)
    return np.where(answers[:, None] == np.arange(len(classes)), 0.8, 0.2 / (len(classes) - 1))


def table_of(study):
    return confounding_table(study, seed=0, replicates=200, permutations=199).set_index("field")


@pytest.fixture
def labels(rng):
    return rng.choice(CLASSES, 300)


def test_a_source_of_each_class_cannot_be_told_from_it(rng, labels):
    fields = {
        "source": np.where(labels == "ill", "here", "there"),
        "view": rng.choice(["PA", "AP"], 300),
    }
    study = study_of(rng, fields, labels, scores_of(rng, labels, 0.9))
    table = table_of(study)
    assert [*table.reset_index().columns] == list(COLUMNS)
    source, view = table.loc["source"], table.loc["view"]
    assert source["light"] == "red"
    assert source["alone"] == 1
    assert source["compared"] == source["remaining"] == 0
    assert source["told"] == "ill; well"
    assert view["light"] == "green"
    assert view["remaining"] == pytest.approx(1, abs=0.1)
    assert view["network"] == source["network"]
    verdict = confounding_verdict(table.reset_index(), CLASSES)
    assert verdict["light"] == "red"
    assert verdict["sentence"].startswith(
        "The class cannot be told from its source in this cohort: every image of ill has the "
        "source here, and none of the others."
    )


def test_that_nothing_is_recorded_tells_the_class_too(rng, labels):
    fields = {"sex": np.where(labels == "ill", rng.choice(["F", "M"], 300), None)}
    row = table_of(study_of(rng, fields, labels, scores_of(rng, labels, 0.9))).loc["sex"]
    assert row["light"] == "red"
    assert row["recorded"] == (labels == "ill").sum()
    assert "Every image of ill has a recorded sex, and none of the others." in row["finding"]
    assert "Every image of well has no recorded sex" in row["finding"]


def test_a_number_that_tells_the_class_is_described_by_its_fifths(rng, labels):
    fields = {"dose": np.where(labels == "ill", 10.0, 5.0) + rng.random(300)}
    row = table_of(study_of(rng, fields, labels, scores_of(rng, labels, 0.9))).loc["dose"]
    assert row["light"] == "red"
    assert "a dose in 3 of its 5 fifths" in row["finding"]


def test_a_network_that_reads_the_field_alone_keeps_nothing_within_its_strata(rng, labels):
    same = rng.random(300) < 0.85
    source = np.where((labels == "ill") == same, "here", "there")
    scores = np.where((source == "here")[:, None] == [True, False], 0.8, 0.2)
    row = table_of(study_of(rng, {"source": source}, labels, scores)).loc["source"]
    assert row["light"] == "amber"
    assert row["alone"] == row["network"]
    assert row["within"] == pytest.approx(CHANCE)
    assert row["remaining"] == pytest.approx(0, abs=1e-6)


def test_one_class_that_is_told_is_named_and_the_others_still_compare(rng):
    classes = ["a", "b", "c"]
    labels = rng.choice(classes, 450)
    fields = {"source": np.where(labels == "a", "here", "there")}
    study = study_of(rng, fields, labels, scores_of(rng, labels, 0.9, classes), classes)
    row = table_of(study).loc["source"]
    assert (row["light"], row["told"], row["pairs"]) == ("red", "a", "b and c")
    assert row["remaining"] == pytest.approx(1 / 3, abs=0.1)
    sentence = confounding_verdict(table_of(study).reset_index(), classes)["sentence"]
    assert sentence.startswith("a cannot be told from its source in this cohort")


def test_a_field_that_says_nothing_is_no_confounder_in_twenty_cohorts():
    lights = []
    for seed in range(20):
        rng = np.random.default_rng(seed)
        labels = np.repeat(rng.choice(CLASSES, 90), 2)
        fields = {"view": np.repeat(rng.choice(["PA", "AP"], 90), 2)}
        scores = scores_of(rng, labels, 0.85)
        lights.append(table_of(study_of(rng, fields, labels, scores, images=2))["light"].iloc[0])
    assert lights.count("red") == 0
    assert lights.count("amber") <= 1


def test_a_field_of_one_value_is_not_tested_and_a_poor_network_has_nothing_to_keep(rng, labels):
    fields = {"source": ["here"] * 300, "view": rng.choice(["PA", "AP"], 300)}
    table = table_of(study_of(rng, fields, labels, scores_of(rng, labels, 0.4)))
    assert table.loc["source", "light"] == "none"
    assert np.isnan(table.loc["source", "q"])
    assert np.isnan(table.loc["view", "remaining"])
    alone = table.reset_index().query("field == 'source'")
    assert confounding_verdict(alone, CLASSES)["light"] == "none"


def test_a_network_that_guesses_has_no_advantage_to_explain(rng, labels):
    study = study_of(rng, {"view": rng.choice(["PA", "AP"], 300)}, labels, rng.random((300, 2)))
    verdict = confounding_verdict(table_of(study).reset_index(), CLASSES)
    assert verdict["light"] == "none"
    assert "not shown to be better than chance" in verdict["sentence"]


def test_the_field_is_learned_on_training_images_alone(rng, labels):
    """On the test images the field means the opposite, which a fit on them would know."""
    train = np.array(["train", "train", "test"])[np.arange(300) % 3] == "train"
    source = np.where((labels == "ill") == train, "here", "there")
    row = table_of(study_of(rng, {"source": source}, labels, scores_of(rng, labels, 0.9)))
    assert row.loc["source", "alone"] == 0
