"""What the page shows of a study's metadata and tags."""

from collections.abc import Sequence
from typing import Any

import pandas as pd

from cxr.core.io import read_csv
from cxr.evaluation.comparison import main_protocol
from cxr.evaluation.tag_comparison import METRICS
from cxr.evidence.covariates import field_name
from cxr.metadata.normalise import tidy
from cxr.planning.parts import RANDOM
from cxr.report.content import StudyFiles, Words, read_if, records
from cxr.report.pictures import picture

MOST_SPELLINGS = 60
MOST_TEXT = 160
ENDS = {"value": "", "low": "_low", "high": "_high"}


def analysis(files: StudyFiles, words: Words) -> dict[str, Any] | None:
    """The analysis of the metadata, None where the study has none."""
    if files.analysis_classifiers is None or words.predicted is None:
        return None
    target, predictors = words.predicted
    classifiers = read_csv(files.analysis_classifiers)
    return {
        "target": field_name(target),
        "predictors": [field_name(name) for name in predictors],
        "published": words.published.get("metadata"),
        "size": classifiers.iloc[0][["images", "patients", "levels"]].to_dict(),
        "classifiers": _by_classifier(classifiers),
        "cleaning": read_if(records, files.analysis_cleaning),
        "spellings": _spellings(files.spellings, [target, *predictors]),
        "associations": read_if(records, files.analysis_associations),
        "figures": {
            name: read_if(picture, path)
            for name, path in (
                ("values", files.values_figure),
                ("pairs", files.pairs_figure),
                ("classifiers", files.classifiers_figure),
            )
        },
    }


def tagging(files: StudyFiles, words: Words) -> dict[str, Any] | None:
    """What networks made of the tags, None where the study has none."""
    if files.tag_metrics is None:
        return None
    table = read_csv(files.tag_metrics)
    groups = [
        {
            "protocol": str(protocol),
            "rows": [_metrics(row) for _, row in rows.iterrows()],
            # A published number alone says nothing of labels.
            "occurring": int(rows["occurring"].max()) if rows["occurring"].notna().any() else None,
        }
        for protocol, rows in table.groupby("protocol")
    ]
    counts = main_protocol(list(table["protocol"]))
    each = read_if(records, files.tag_precision)
    groups.sort(key=lambda group: (group["protocol"] != counts, group["protocol"]))
    return {
        "groups": groups,
        "labels": int(table["labels"].max()),
        "each": [row for row in each if row["protocol"] == counts],
        "divided": {(row["name"], row["label"]): row for row in each if row["protocol"] == RANDOM},
        "merged": read_if(records, files.tags),
        "figure": read_if(picture, files.tags_figure),
        "published": words.published.get("tags"),
    }


def _by_classifier(table: pd.DataFrame) -> list[dict[str, Any]]:
    """A row a classifier: its accuracy of each protocol, p, and what was published."""
    known = table.astype("object").where(table.notna(), None)
    found: dict[str, dict[str, Any]] = {}
    for row in known.to_dict("records"):
        own = found.setdefault(row["classifier"], {"classifier": row["classifier"]})
        interval = {"value": row["accuracy"], "low": row["low"], "high": row["high"]}
        own[row["protocol"]] = interval
        once = {end: row[f"by_patient{suffix}"] for end, suffix in ENDS.items()}
        own.setdefault("once", once)
        own.setdefault("p", row["p"])
        own.setdefault("published", row["published"])
    return list(found.values())


def _metrics(row: pd.Series) -> dict[str, Any]:
    """A row of the comparison with its metrics as documents have them."""
    named = {name: row[name] for name in ("name", "kind")}
    for name in METRICS:
        values = {end: row[f"{name}{suffix}"] for end, suffix in ENDS.items()}
        named[name] = {end: None if pd.isna(v) else float(v) for end, v in values.items()}
    return named


def _spellings(path: str | None, columns: Sequence[str]) -> list[dict[str, Any]]:
    """The commonest texts that cleaning changed by more than spaces, of some columns."""
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
