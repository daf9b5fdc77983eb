"""Metadata of which cohorts are selected."""

import numpy as np
import pandas as pd

from cxr.cohort.selection import ClassRule, SelectionSettings

CLASSES = {
    "covid": ClassRule(("COVID-19",)),
    "normal": ClassRule(("No finding",), sources=("k",)),
}
SETTINGS = SelectionSettings(CLASSES, views=("PA", "AP"), modality="X-ray", per_class="min")


def rows(*entries):
    """Rows of metadata: (file, source, patient, finding, view, sha256)."""
    table = pd.DataFrame(
        entries, columns=["file", "source", "patient_id", "finding", "view", "sha256"]
    )
    table["image_id"] = table["source"] + "/" + table["file"]
    return table.assign(modality="X-ray")


def rejected(*reasons):
    columns = ["source", "file", "stage", "reason"]
    return pd.DataFrame(
        [("k", f"r{i}", "image", r) for i, r in enumerate(reasons)], columns=columns
    )


GOOD = [
    ("a", "u", "u:1", "COVID-19, ARDS", "PA", "1"),
    ("b", "u", "u:2", "COVID-19", "AP", "2"),
    ("c", "k", "k:1", "No finding", "AP", "3"),
    ("d", "k", "k:2", "No finding", "PA", "4"),
]


def many(rng, n=200):
    patients = rng.integers(0, 80, n)
    return pd.DataFrame(
        {
            "image_id": [f"i{i:03d}" for i in range(n)],
            "patient_id": [f"p{p}" for p in patients],
            "class": np.where(patients % 4 == 0, "covid", "normal"),
            "finding": rng.choice(["SARS", "No finding", "viral pneumonia"], n, p=[0.1, 0.5, 0.4]),
        }
    )
