"""What the page shows of a network's review list."""

from collections.abc import Mapping
from typing import Any

from cxr.core.io import read_csv
from cxr.evaluation.review import reason_counts


def review_content(files: Mapping[str, Any]) -> dict[str, Any]:
    """The review list by name, None where the study has no network.

    Parameters
    ----------
    files : mapping of str to path or None
        Those of one model.
    """
    if files["review"] is None:
        return {"review": None}
    table = read_csv(files["review"])
    counts = reason_counts(table)
    return {
        "review": {
            "images": len(table),
            "with_reason": int(table["reason"].notna().sum()),
            "reasons": [{"reason": name, "images": int(n)} for name, n in counts.items()],
            "file": "/".join(str(files["review"]).rsplit("/", 3)[-3:]),
        }
    }
