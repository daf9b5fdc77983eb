"""Representations of made-up images: some know the class, some the source, some nothing."""

import numpy as np
import pandas as pd

from cxr.core.io import write_csv, write_json
from cxr.features.tables import features_table
from cxr.figures.representations import representations
from cxr.representations.table import (
    COLUMNS,
    RepresentationSettings,
    Subject,
    compare_representations,
)
from tests.helpers.report_files import path_of, save_figures

PATIENTS = 60


def study_of(rng):
    """A cohort of 60 patients with two images each, and its metadata; source and class differ."""
    n = 2 * PATIENTS
    ids = [f"i{number:03d}" for number in range(n)]
    owner = np.arange(n) // 2
    cohort = pd.DataFrame(
        {
            "image_id": ids,
            "class": np.where(owner % 2, "viral", "normal"),
            "split": np.where(owner % 5 == 4, "test", "train"),
            "patient_id": [f"p{number:02d}" for number in owner],
            "split_group": owner,
            "source": np.where(owner // 2 % 2, "here", "there"),
        }
    )
    metadata = cohort[["image_id", "source", "patient_id"]].assign(
        view="PA",
        sex=np.where(rng.permutation(n) % 2, "F", "M"),
    )
    return cohort, metadata


def features_of(cohort, rng, *, of_class=0.0, of_source=0.0, of_training=0.0, severity=None):
    """Features of which single units say so much of the class, the source, a training's labels."""
    values = rng.normal(size=(len(cohort), 8))
    sign = np.where(cohort["class"] == "viral", 1, -1)
    values[:, 0] += of_class * sign
    values[:, 1] += of_source * np.where(cohort["source"] == "here", 1, -1)
    values[:, 2] += of_training * sign * (cohort["split"] == "train")
    if severity is not None:
        values[:, 3] = severity + 0.1 * values[:, 3]
    return features_table(cohort, values)


def clusters_of(cohort, labels):
    return pd.DataFrame({"image_id": cohort["image_id"], "cluster": np.asarray(labels)})


def settings_of(kinds, saw=(), models=()):
    subjects = tuple(Subject(name, kind, name in saw) for name, kind in kinds.items())
    return RepresentationSettings(subjects, tuple(models), k=5, metric="euclidean", seed=0)


def compared(cohort, metadata, tables, kinds=None, saw=(), clusters=None):
    """The table of `compare_representations`."""
    kinds = kinds or dict.fromkeys(tables, "encoder")
    settings = settings_of(kinds, saw, clusters or ())
    return compare_representations(cohort, metadata, tables, clusters or {}, settings)


def table_of(rows):
    """A table of linear probes of all images: representation, kind, field, value and interval."""
    columns = ["representation", "kind", "field", "value", "low", "high"]
    table = pd.DataFrame(rows, columns=columns).assign(measure="linear probe", scope="all")
    filled = {"units": 8, "chance": 0.5, "images": 100, "patients": 60, "levels": 2}
    return table.assign(**filled).reindex(columns=list(COLUMNS))


def write_representations(folder, text, table, encoders):
    """The files of encoders in a made-up report."""
    write_csv(table, path_of(folder, "representations"))
    save_figures(folder, {"representations_figure": representations(table)})
    record = dict.fromkeys(("library", "model", "revision", "origin", "url", "licence"), text)
    record |= {
        "citation": text,
        "bytes": 3_000_000,
        "versions": {text: text},
        "files": {text: "0a"},
    }
    rejected = {"source": text, "file": "f", "stage": "encoder", "reason": [f"unread {text}"]}
    for model in encoders:
        write_json(record, path_of(folder, "encoder", model))
        write_csv(pd.DataFrame(rejected), path_of(folder, "unencoded", model))
