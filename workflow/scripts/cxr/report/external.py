"""What the page shows of a network in external sources."""

from collections.abc import Mapping
from typing import Any

from cxr.cohort.external import EXACT, NEAR, PATIENT
from cxr.core.io import read_csv
from cxr.report.content import metric, records

LABELS = {
    "sensitivity": "sensitivity",
    "sensitivity_at_threshold": "sensitivity at the threshold",
    "specificity": "specificity",
    "specificity_at_threshold": "specificity at the threshold",
    "roc_auc": "ROC-AUC",
    "balanced_accuracy": "balanced accuracy",
    "ece": "calibration error (ECE)",
    "ece_calibrated": "calibration error, calibrated",
}
ESTIMATES = ("internal", "difference")


def external_content(files: Mapping[str, Any], study: Mapping[str, Any]) -> dict[str, Any]:
    """A model's metrics in each external source by name, None where the study has none.

    Of an encoder they are those of a linear probe on its features.

    Parameters
    ----------
    files, study : mapping of str to path or None
        Those of one model, and those of the study: its excluded external images and baselines.
    """
    path = files["external"] or files["external_encoder"]
    if path is None:
        return {"external": None}
    baselines = _baselines(study["external_baselines"])
    # A class or source may be a number, which a column of such names is read as.
    excluded = read_csv(study["external_excluded"]).astype({"source": "str"})
    lost = excluded["source"].value_counts()
    of_cohort = excluded["reason"].isin([EXACT, NEAR, PATIENT])
    known = excluded.loc[of_cohort, "source"].value_counts()
    sources: dict[str, list[dict[str, Any]]] = {}
    for row in records(path):
        line = {"label": LABELS[row["metric"]], "metric": row["metric"], **_estimates(row)}
        line |= {"class": _name(row["class"]), "images": row["images"]}
        sources.setdefault(_name(row["source"]), []).append(line)
    return {
        "external": [
            {
                "source": source,
                "rows": rows,
                "excluded": int(lost.get(source, 0)),
                "known": int(known.get(source, 0)),
                "baselines": baselines.get(source, []),
                **_summary(source, rows),
            }
            for source, rows in sources.items()
        ]
    }


def _estimates(row: Mapping[str, Any]) -> dict[str, Any]:
    """The estimates of a row: external, internal and their difference."""
    external = {name: row[name] for name in ("value", "low", "high")}
    return {"external": external, **{name: metric(row, name) for name in ESTIMATES}}


def _baselines(path: str | None) -> dict[str, list[dict[str, Any]]]:
    """The balanced accuracies of the baselines by source; none of a source of one class."""
    sources: dict[str, list[dict[str, Any]]] = {}
    for row in records(path) if path is not None else ():
        if row["metric"] == "balanced_accuracy":
            line = {"name": row["baseline"], **_estimates(row)}
            sources.setdefault(_name(row["source"]), []).append(line)
    return sources


def _name(value: Any) -> str:
    return "all" if value is None else f"{value:g}" if isinstance(value, float) else str(value)


def _summary(source: str, rows: list[dict[str, Any]]) -> dict[str, Any]:
    """A sentence on the class whose sensitivity falls the most, and whether it surely falls."""
    rated = [row for row in rows if row["metric"] == "sensitivity"]
    worst = min(rated, key=lambda row: row["difference"]["value"])
    where = f"In images of {source}, which no part of the training saw,"
    own = "the study's own test images"
    if worst["difference"]["value"] >= 0:
        return {"sentence": f"{where} no class is found less often than in {own}.", "falls": False}
    name, there, high = worst["class"], worst["external"], worst["difference"]["high"]
    bounds = "" if there["low"] is None else f" ({there['low']:.0%} to {there['high']:.0%})"
    sentence = (
        f"{where} {there['value']:.0%}{bounds} of those of {name} are called {name}, against "
        f"{worst['internal']['value']:.0%} of {own}."
    )
    return {"sentence": sentence, "falls": high is not None and high < 0}
