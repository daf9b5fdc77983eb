"""The queries that contact sheets show."""

import pandas as pd

from cxr.similarity.sheets import select_sheets


def test_sheets_show_the_median_the_best_and_the_worst():
    classes = pd.Series({"q1": "a", "q2": "a", "q3": "a", "x": "b", "y": "a"})
    found = pd.DataFrame(
        [
            (q, r, n)
            for q, near in (("q1", "xx"), ("q2", "yx"), ("q3", "yy"))
            for r, n in enumerate(near, start=1)
        ],
        columns=["query_id", "rank", "neighbour_id"],
    )
    sheets = select_sheets(found, classes)
    chosen = {kind: sheets[kind]["a"].query_id for kind in sheets}
    assert chosen == {"median": "q2", "best": "q3", "worst": "q1"}
    assert sheets["median"]["a"].neighbour_ids == ["y", "x"]
    assert sheets["best"]["a"].precision == 1
