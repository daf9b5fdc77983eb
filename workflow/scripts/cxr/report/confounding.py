"""What the page shows of a network beside recorded fields."""

from collections.abc import Mapping
from typing import Any

from cxr.core.io import read_csv, read_json
from cxr.evaluation.gaps import METRICS
from cxr.evaluation.subgroups import ALPHA, largest_gap
from cxr.evidence.covariates import field_name
from cxr.evidence.verdict import format_p
from cxr.report.content import records

LIGHTS = {
    "red": "tells the class",
    "amber": "half or more",
    "green": "less than half",
    "none": "not tested",
}
NAMES = {"sensitivity": "sensitivity", "specificity": "specificity", "roc_auc": "ROC-AUC"}


def field_content(files: Mapping[str, Any]) -> dict[str, Any]:
    """A network's confounding and subgroups by name, None where the study has no network.

    Parameters
    ----------
    files : mapping of str to path or None
        Those of one model.
    """
    if files["confounding"] is None:
        return {"confounding": None, "subgroups": None}
    classes = read_json(files["metrics"])["classes"]
    verdict = read_json(files["confounding_verdict"])
    words = LIGHTS if verdict["light"] != "none" else {**LIGHTS, "green": "no advantage"}
    rows = [
        {**row, "explains": _explains(row, words), "tells": _told(row)}
        for row in records(files["confounding"])
    ]
    confounding = {**verdict, "rows": rows, "n_classes": len(classes)}
    return {"confounding": confounding, "subgroups": _subgroups(files["subgroups"])}


def _told(row: Mapping[str, Any]) -> str:
    """The classes that a field tells."""
    return "" if row["told"] is None else _named(row["told"])


def _explains(row: Mapping[str, Any], words: Mapping[str, str]) -> str:
    """How much of the network's advantage a field explains, and of which classes."""
    classes = row["partly"] if row["told"] is None else row["told"]
    return words[row["light"]] + ("" if classes is None else f": {_named(classes)}")


def _named(classes: Any) -> str:
    """Classes in words: one may be a number, which a column of such names is read as."""
    return f"{classes:g}" if isinstance(classes, float) else str(classes)


def _subgroups(path: str) -> dict[str, Any] | None:
    """The rates of each field's levels, None without a level that has enough patients."""
    rows = records(path)
    if not rows:
        return None
    fields: dict[str, dict[tuple[str, str], dict[str, Any]]] = {}
    for row in rows:
        lines = fields.setdefault(row["field"], {})
        line = lines.setdefault((str(row["level"]), row["class"]), {**row, "rates": []})
        line["rates"].append({**row, "remains": row["q"] is not None and row["q"] <= ALPHA})
    groups = [
        {
            "field": field,
            "rows": list(lines.values()),
            "remaining": sum(rate["remains"] for line in lines.values() for rate in line["rates"]),
        }
        for field, lines in fields.items()
    ]
    found = largest_gap(read_csv(path))
    metrics = [NAMES[name] for name in METRICS]
    return {**found, "sentence": _sentence(found), "groups": groups, "metrics": metrics}


def _sentence(found: Mapping[str, Any]) -> str:
    """How many differences remain, and the largest one."""
    gap = found["gap"]
    if gap is None:
        return "No subgroup has enough patients to be compared with the others."
    tested, remaining = found["tested"], found["remaining"]
    one = "difference between a subgroup and the others"
    many = "differences between subgroups and the others"
    if tested == 1:
        start = f"The one {one} {'remains' if remaining else 'does not remain'} after adjustment"
    else:
        verb = "remains" if remaining == 1 else "remain"
        start = f"Of {tested:,} {many} {remaining or 'none'} {verb} after adjustment"
    if gap["difference"] == 0:
        return f"{start}: all are 0."
    largest = "The largest of these" if remaining > 1 else "The largest"
    less = f"{abs(gap['difference']):.2f} {'less' if gap['difference'] < 0 else 'more'}"
    return (
        f"{start}. {largest}: the {NAMES[gap['metric']]} of {gap['class']} is {gap['value']:.2f} "
        f"for {field_name(gap['field'])} {gap['level']}, {less} than for other images of the same "
        f"classes (q {format_p(gap['q'])})."
    )
