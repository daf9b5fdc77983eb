"""What the page shows of a network beside recorded fields."""

from collections.abc import Mapping
from typing import Any

from cxr.core.io import read_csv, read_json
from cxr.evaluation.confounding import confounding_verdict
from cxr.evidence.covariates import field_name
from cxr.report.content import records

LIGHTS = {
    "red": "tells a class",
    "amber": "half or more",
    "green": "less than half",
    "none": "not tested",
}


def field_content(files: Mapping[str, Any]) -> dict[str, Any]:
    """A network's confounding by name, None where the study has no network.

    Parameters
    ----------
    files : mapping of str to path or None
        Those of one model.
    """
    if files["confounding"] is None:
        return {"confounding": None}
    classes = read_json(files["metrics"])["classes"]
    verdict = confounding_verdict(read_csv(files["confounding"]), classes, field_name)
    rows = [{**row, "words": LIGHTS[row["light"]]} for row in records(files["confounding"])]
    n_pairs = len(classes) * (len(classes) - 1) // 2
    return {"confounding": {**verdict, "rows": rows, "n_classes": len(classes), "n_pairs": n_pairs}}
