"""What a model card says of a network, read from the study's results."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from cxr.core.io import read_csv, read_json, read_table
from cxr.core.software import NAME, commit, package_version
from cxr.report.confounding import field_content
from cxr.report.external import LABELS
from cxr.report.formatting import estimate
from cxr.report.table_one import single_sources

OVERALL = {
    "accuracy": "accuracy",
    "balanced_accuracy": "balanced accuracy",
    "macro_f1": "macro F1",
    "roc_auc": "ROC-AUC",
    "ece": "calibration error (ECE)",
}
TOLD = "red"  # the light where a recorded field tells a class


def model_facts(files: Mapping[str, Any], study: str, model: str, title: str) -> dict[str, Any]:
    """The facts of one network.

    Parameters
    ----------
    files : mapping of str to path, sequence of paths or None
        Results by name: cohort, card, metrics, confounding, verdict, subgroups, external and the
        provenance of the `sources`.
    study, model, title : str

    Returns
    -------
    dict
        `study, model, title`; the model's `card`; `cohort`, rows of a class, source and split;
        `internal` and `external`, rows of a metric; `warnings`, sentences that a reader needs
        first; `confounding`, the light and the sentence; `subgroups`, a sentence; `sources`; and
        `software`, its version, commit and that commit's day.
    """
    cohort, card = read_table(files["cohort"]), read_json(files["card"])
    metrics, verdict = read_json(files["metrics"]), read_json(files["verdict"])
    content = field_content(
        {
            "confounding": files["confounding"],
            "confounding_verdict": files["verdict"],
            "metrics": files["metrics"],
            "subgroups": files["subgroups"],
        }
    )
    subgroups = content["subgroups"]
    return {
        "study": study,
        "model": model,
        "title": title,
        "card": card,
        "cohort": cohort_rows(cohort, card["classes"]),
        "images": len(cohort),
        "patients": int(cohort["patient_id"].nunique()),
        "protocol": _protocol(metrics),
        "internal": internal_rows(metrics),
        "external": external_rows(files.get("external")),
        "warnings": warnings(cohort, verdict, files.get("external")),
        "confounding": verdict,
        "subgroups": None if subgroups is None else subgroups["sentence"],
        "sources": [read_json(path) for path in files["sources"]],
        "software": software(),
    }


def cohort_rows(cohort: pd.DataFrame, classes: Sequence[str]) -> list[dict[str, Any]]:
    """One row a class and source: images, patients, and the images of each split."""
    rows = []
    names = cohort["class"].astype("str"), cohort["source"].astype("str")
    for (name, source), members in cohort.groupby(list(names), sort=True):
        splits = members["split"].value_counts()
        rows.append(
            {
                "class": name,
                "source": source,
                "images": len(members),
                "patients": int(members["patient_id"].nunique()),
                **{split: int(splits.get(split, 0)) for split in ("train", "validation", "test")},
            }
        )
    order = {name: place for place, name in enumerate(classes)}
    return sorted(rows, key=lambda row: (order.get(row["class"], len(order)), row["source"]))


def _protocol(metrics: Mapping[str, Any]) -> str:
    tested = metrics["splits"]["test"]
    return (
        f"{tested['images']} test images of {tested['patients']} patients, none of them trained on"
    )


def internal_rows(metrics: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The metrics of the study's test images: overall, then those of each class."""
    tested = metrics["splits"]["test"]
    rows = [
        {"class": None, "id": name, "metric": label, **tested[name]}
        for name, label in OVERALL.items()
        if tested[name]["value"] is not None
    ]
    for name, found in tested["per_class"].items():
        at = found["at_threshold"]
        for metric in ("sensitivity", "specificity"):
            label = f"{metric} at the threshold"
            rows.append({"class": name, "metric": label, **at[metric]})
    return [{**row, "text": estimate(row)} for row in rows]


def external_rows(path: str | Path | None) -> list[dict[str, Any]]:
    """The metrics in external sources: balanced accuracy and, at the threshold, each class's."""
    if not path:
        return []
    shown = ("balanced_accuracy", "sensitivity_at_threshold", "specificity_at_threshold")
    table = read_csv(path)
    rows = []
    for row in table[table["metric"].isin(shown)].to_dict("records"):
        numbers = {
            name: None if pd.isna(row[name]) else float(row[name])
            for name in ("value", "low", "high")
        }
        of_class = None if pd.isna(row["class"]) else str(row["class"])
        rows.append(
            {
                "source": str(row["source"]),
                "class": of_class,
                "metric": LABELS[row["metric"]],
                "images": int(row["images"]),
                **numbers,
                "text": estimate(numbers),
            }
        )
    return rows


def warnings(
    cohort: pd.DataFrame, verdict: Mapping[str, Any], external: str | Path | None
) -> list[str]:
    """What a visitor has to know before any number, in sentences."""
    of_one = single_sources(cohort)
    found = []
    if of_one:
        found.append(
            f"{' '.join(of_one)} In this cohort a class can't be told from its source: what the "
            f"network calls a class may be a hospital, a scanner or an age."
        )
    if verdict["light"] == TOLD:
        found.append(str(verdict["sentence"]))
    if not external:
        found.append("It was never tested on images of a hospital that it was not trained on.")
    return found


def software() -> dict[str, Any]:
    """The version of this software; its commit and the commit's day, null outside a repository."""
    found, date = commit()
    return {
        "name": NAME,
        "versions": {name: package_version(name) for name in ("torch", "onnx")},
        "commit": found,
        "date": date,
    }
