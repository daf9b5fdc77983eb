"""What the page shows of networks and baselines side by side."""

from collections.abc import Mapping, Sequence
from typing import Any

from cxr.core.io import read_csv
from cxr.evaluation.comparison import main_protocol, unbeaten_shortcuts
from cxr.report.content import metric
from cxr.report.formatting import listed, points

METRICS = ("accuracy", "macro_f1", "roc_auc", "ece", "difference")
NETWORK, SHORTCUT = "network", "shortcut"


def comparison(path: str) -> dict[str, Any]:
    """Networks and baselines by protocol, the main one first, and what their intervals say.

    Returns
    -------
    dict
        `groups` of `rows` by protocol; `shortcuts` that the best network is not shown to beat;
        `best`, its name; the `sentence` and whether it is a `warning`.
    """
    table = read_csv(path)
    groups: list[dict[str, Any]] = []
    for protocol, rows in table.groupby("protocol"):
        lines = [
            {
                "name": row["name"],
                "kind": row["kind"],
                "parameters": row["parameters"],
                **{name: metric(row, name) for name in METRICS},
            }
            for _, row in rows.iterrows()
        ]
        sizes = {"images": int(rows["images"].max()), "patients": int(rows["patients"].max())}
        groups.append({"protocol": str(protocol), "rows": lines, **sizes})
    main = main_protocol(list(table["protocol"]))
    groups.sort(key=lambda group: (group["protocol"] != main, group["protocol"]))
    shortcuts = list(unbeaten_shortcuts(table)["name"])
    best = next((row["name"] for row in groups[0]["rows"] if row["kind"] == NETWORK), None)
    return {
        "groups": groups,
        "shortcuts": shortcuts,
        "best": best,
        "warning": bool(shortcuts),
        "sentence": _sentence(groups[0]["rows"], shortcuts),
    }


def headline(found: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """The best network of the main protocol and the best shortcut beside it, None without one."""
    if found is None or found["best"] is None:
        return None
    rows = found["groups"][0]["rows"]
    network = next(row for row in rows if row["name"] == found["best"])
    return {
        "network": network,
        "shortcut": next((row for row in rows if row["kind"] == SHORTCUT), None),
    }


def _sentence(rows: Sequence[Mapping[str, Any]], shortcuts: Sequence[str]) -> str | None:
    """Which baselines the best network is better than, by the intervals of the differences."""
    rivals = [row for row in rows if row["kind"] != NETWORK]
    if not rivals or len(rivals) == len(rows):
        return None
    even = [row for row in rivals if not (row["difference"]["low"] or 0) > 0]
    if not even:
        closest = min(rivals, key=lambda row: row["difference"]["low"])
        return (
            f"The best network is better than every baseline; the closest is {closest['name']}, "
            f"{points(closest['difference'])} behind. That does not prove that it uses the lungs: "
            "the baselines are simple classifiers, and a network may use the same shortcuts better."
        )
    words = "; ".join(f"{row['name']}, {points(row['difference'])}" for row in even)
    sentence = (
        f"The best network is not shown to be better than {len(even)} of the {len(rivals)} "
        f"baselines, by intervals of the difference that reach 0: {words}."
    )
    if shortcuts:
        see = "sees" if len(shortcuts) == 1 else "see"
        return (
            f"{sentence} Of these {listed(shortcuts)} {see} next to nothing of the lungs: its "
            "predictions may rest on the same shortcuts."
        )
    return sentence
