"""What the page shows of how well networks predict a study's tags."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from cxr.core.io import read_csv
from cxr.evaluation.comparison import main_protocol
from cxr.evaluation.tag_comparison import METRICS
from cxr.planning.parts import RANDOM
from cxr.report.content import metric, records
from cxr.report.settings import ReportSettings


def tags_content(files: Mapping[str, Any], settings: ReportSettings) -> dict[str, Any] | None:
    """How well networks predict the tags, None where the study has none."""
    if files["tag_comparison"] is None:
        return None
    table = read_csv(files["tag_comparison"])
    groups = [
        {
            "protocol": str(protocol),
            "rows": [_metrics(row) for _, row in rows.iterrows()],
            # A published number alone says nothing of labels.
            "occurring": int(rows["occurring"].max()) if rows["occurring"].notna().any() else None,
        }
        for protocol, rows in table.groupby("protocol")
    ]
    main = main_protocol(list(table["protocol"]))
    labels = records(files["tag_precision"])
    groups.sort(key=lambda group: (group["protocol"] != main, group["protocol"]))
    return {
        "groups": groups,
        "n_labels": int(table["labels"].max()),
        "labels": [row for row in labels if row["protocol"] == main],
        "image_level": {
            (row["name"], row["label"]): row for row in labels if row["protocol"] == RANDOM
        },
        "published": settings.published.get("tags"),
    }


def _metrics(row: pd.Series) -> dict[str, Any]:
    """A row of the comparison with its metrics as documents have them."""
    return {
        "name": row["name"],
        "kind": row["kind"],
        **{name: metric(row, name) for name in METRICS},
    }
