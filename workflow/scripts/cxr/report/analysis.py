"""What the page shows of the analysis of a study's metadata."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from cxr.core.io import read_csv
from cxr.evidence.covariates import field_name
from cxr.metadata.normalise import tidy
from cxr.report.content import metric
from cxr.report.settings import ReportSettings

MOST_SPELLINGS = 60
MOST_TEXT = 160


def analysis_content(files: Mapping[str, Any], settings: ReportSettings) -> dict[str, Any] | None:
    """The analysis of the metadata beside its figures, None where the study has none."""
    if files["analysis_classifiers"] is None or settings.predicted is None:
        return None
    target, predictors = settings.predicted
    classifiers = read_csv(files["analysis_classifiers"])
    return {
        "target": field_name(target),
        "predictors": [field_name(name) for name in predictors],
        "published": settings.published.get("metadata"),
        "size": classifiers.iloc[0][["images", "patients", "levels"]].to_dict(),
        "classifiers": _by_classifier(classifiers),
        "spellings": _spellings(files["spellings"], [target, *predictors]),
    }


def _by_classifier(table: pd.DataFrame) -> list[dict[str, Any]]:
    """A row a classifier: its accuracy of each protocol, p, and what was published."""
    filled = table.astype("object").where(table.notna(), None)
    classifiers: dict[str, dict[str, Any]] = {}
    for row in filled.to_dict("records"):
        name = row["classifier"]
        entry = classifiers.setdefault(name, {"classifier": name})
        entry[row["protocol"]] = {
            "value": row["accuracy"],
            "low": row["low"],
            "high": row["high"],
        }
        entry.setdefault("by_patient", metric(row, "by_patient"))
        entry.setdefault("p", row["p"])
        entry.setdefault("published", row["published"])
    return list(classifiers.values())


def _spellings(path: str | None, columns: Sequence[str]) -> list[dict[str, Any]]:
    """The most frequent texts that cleaning changed by more than spaces, of these columns."""
    if path is None:
        return []
    table = read_csv(path)
    table = table.loc[table["column"].isin(list(columns))].astype({"text": "str"})
    numbers = [pd.to_numeric(table[name], errors="coerce") for name in ("text", "value")]
    texts = table["text"].map(tidy)
    same = (table["value"].astype("str") == texts) | (numbers[0] == numbers[1])
    changed = table.loc[~same]
    changed = changed.sort_values(["rows", "column", "text"], ascending=[False, True, True])
    shown = changed.head(MOST_SPELLINGS).astype("object")
    shown["text"] = [
        text if len(text) <= MOST_TEXT else f"{text[:MOST_TEXT]}…" for text in shown["text"]
    ]
    return shown.where(shown.notna(), None).to_dict("records")
