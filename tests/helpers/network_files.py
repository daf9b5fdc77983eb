"""The files of a network in made-up reports."""

from functools import cache

import numpy as np
import pandas as pd

from cxr.cohort.external import NEAR, PATIENT
from cxr.core.io import write_csv, write_json
from cxr.evaluation.comparison import collect_test_predictions, comparison_table
from cxr.evaluation.confounding import confounding_table, confounding_verdict
from cxr.evaluation.external import external_table
from cxr.evaluation.field_study import FieldStudy, main_predictions
from cxr.evaluation.network import evaluate_network
from cxr.evaluation.review import ReviewStudy, review_list
from cxr.evaluation.subgroups import subgroup_table
from tests.helpers.report_files import path_of


def predictions_of(classes):
    """Predictions of twenty images a class, every tenth incorrect."""
    labels = np.repeat(np.arange(len(classes)), 20)
    predicted = np.where(np.arange(len(labels)) % 10 == 9, (labels + 1) % len(classes), labels)
    table = pd.DataFrame({"image_id": [f"i{i:03d}" for i in range(len(labels))]})
    table["class"], table["predicted"] = np.array(classes)[labels], np.array(classes)[predicted]
    table["split"] = np.tile(["train", "validation", "test", "test"], len(labels) // 4)
    for k, name in enumerate(classes):
        table[f"probability_{name}"] = np.where(predicted == k, 0.8, 0.2 / (len(classes) - 1))
    return table, table.set_index("image_id").index.to_series()


def metrics_of(classes):
    return _metrics(tuple(classes))


@cache
def _metrics(classes):
    predictions, patients = predictions_of(classes)
    image_level = predictions.assign(part="random-r1f1", protocol="random")
    owners = pd.DataFrame({"patient_id": patients, "split_group": range(len(patients))})
    return evaluate_network(predictions, image_level, owners, list(classes), seed=0, replicates=20)


def comparison_of(classes, name):
    predictions, patients = predictions_of(classes)
    image_level = predictions.assign(part="random-r1f1", protocol="random")
    networks = {name: collect_test_predictions(predictions, [image_level])}
    baseline = predictions.assign(part="study", protocol="study", baseline="shape")
    return comparison_table(networks, baseline, {name: 1234567}, patients, classes, 0, 20)


def history_of():
    history = pd.DataFrame({"epoch": [1, 2], "phase": [1, 2], "best": [False, True]})
    history = history.assign(train_loss=[1, 0.5], validation_loss=[0.9, 0.8], train_accuracy=0.5)
    history = history.assign(validation_accuracy=0.6, image_size=32, frozen=False)
    return history.assign(learning_rate=0.1, backbone_learning_rate=0.01)


def fields_of(classes, text):
    """A network's images with a field that tells the second class, and views that tell nothing."""
    predictions, patients = predictions_of(classes)
    cohort = predictions[["image_id", "class", "split"]]
    fields = pd.DataFrame({text: (cohort["class"] == text).map({True: text, False: None})})
    fields = fields.assign(view=np.tile(["PA", text], len(cohort) // 2))
    fields = fields.set_index(cohort["image_id"])
    folds = cohort[["image_id", "split"]].assign(part="study", protocol="study")
    test = main_predictions(predictions, [])
    return FieldStudy(cohort, fields, folds, test, patients, classes)


def review_of(classes, text):
    """A network's review list, which holds its incorrect predictions and an excluded image."""
    study = fields_of(classes, text)
    cohort = study.cohort.assign(patient_id=text, near_duplicate_group=np.nan)
    images = np.zeros((len(cohort), 8, 8), dtype=np.uint8)
    excluded = {"source": [text], "file": text, "reason": "same bytes under two classes"}
    features = np.zeros((len(cohort), 2))
    return review_list(
        ReviewStudy(cohort, images, features, study.predictions, pd.DataFrame(excluded), classes)
    )


def write_network(folder, classes, text):
    """The files of one network."""
    card = {"architecture": text, "parameters": 1234567, "feature_dim": 64, "image_size": 32}
    card |= {"initial_weights": text, "epochs": 2, "best_epoch": 2}
    write_json(card, path_of(folder, "card"))
    write_json(metrics_of(classes), path_of(folder, "metrics"))
    attention = {"in_lungs": [0.4375], "in_border": 0.1, "lung_area": 0.3, "border_area": 0.2}
    write_csv(pd.DataFrame(attention), path_of(folder, "attention"))
    write_csv(history_of(), path_of(folder, "history"))
    study = fields_of(classes, text)
    confounding = confounding_table(study, seed=0, replicates=20, permutations=99)
    write_csv(confounding, path_of(folder, "confounding"))
    write_json(confounding_verdict(confounding, classes), path_of(folder, "confounding_verdict"))
    write_csv(
        subgroup_table(study, 0, replicates=20, permutations=99), path_of(folder, "subgroups")
    )
    write_csv(review_of(classes, text), path_of(folder, "review"))


def write_external(folder, classes, text):
    """The files of a network in an external source, whose images it takes for another class."""
    predictions, patients = predictions_of(classes)
    split_groups = pd.factorize(patients)[0]
    cohort = pd.DataFrame({"image_id": patients, "patient_id": patients})
    cohort = cohort.assign(split_group=split_groups, source=text)
    wrong = predictions.assign(split="external")
    columns = [f"probability_{name}" for name in classes]
    wrong[columns] = wrong[columns[::-1]].to_numpy()
    cohorts = (cohort.reset_index(drop=True),) * 2
    table = external_table(wrong, predictions, cohorts, classes, 0, replicates=20)
    write_csv(table, path_of(folder, "external"))
    write_csv(table.assign(baseline="border"), path_of(folder, "external_baselines"))
    excluded = {"source": text, "file": "f", "stage": "cohort", "reason": [text, NEAR, PATIENT]}
    write_csv(pd.DataFrame(excluded), path_of(folder, "external_excluded"))
