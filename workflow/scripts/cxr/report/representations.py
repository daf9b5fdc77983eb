"""What the page shows of networks, encoders and controls side by side."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from cxr.core.io import read_csv
from cxr.evidence.covariates import field_name
from cxr.planning.representations import CONTROL, ENCODER, IMAGENET, NETWORK
from cxr.report.formatting import listed
from cxr.representations.images import CLASS
from cxr.representations.probes import LINEAR, NEAREST, TEST
from cxr.representations.table import (
    AGREEMENT,
    AVERAGE_PRECISION,
    CORRELATION,
    ERROR,
    PRECISION,
    class_rows,
)

SOURCE = "source"
KINDS = {
    "network": "trained here",
    "encoder": "encoder",
    "imagenet": "ImageNet",
    "control": "control",
}
COMPARED = {
    NETWORK: "networks of this study",
    ENCODER: "encoders that others trained",
    IMAGENET: "networks with ImageNet weights",
    CONTROL: "controls",
}
# Columns of the first table, and the measure and field of each.
COLUMNS = {
    "class, linear probe": (LINEAR, CLASS),
    "class, k-NN probe": (NEAREST, CLASS),
    "class, precision at k": (PRECISION, CLASS),
    "class, mean average precision": (AVERAGE_PRECISION, CLASS),
    "severity, Spearman's correlation": (CORRELATION, "severity_extent"),
    "severity, mean absolute error": (ERROR, "severity_extent"),
}


def representation_content(path: str | None) -> dict[str, Any] | None:
    """Representations by what they know, None where the study compares none.

    Parameters
    ----------
    path : str or None
        The table of `cxr.representations.table.compare_representations`.

    Returns
    -------
    dict
        `sentence`, which knows the most of the class and the least of the source; `compared`, the
        kinds of representations in words; `disease` and
        `fields`, two tables of `columns`, the `chance` of each and `rows` by representation;
        `agreement`, the adjusted Rand index of each pair; `tested`, the number of test images
        where these alone count, else null; `all`, the rows of all images, where both are there.
    """
    if path is None:
        return None
    table = read_csv(path)
    probed = table[table["measure"] == LINEAR]
    fields = [name for name in dict.fromkeys(probed["field"]) if name != CLASS]
    tested = probed[probed["scope"] == TEST]
    of_fields = {field_name(name): (LINEAR, name) for name in fields}
    beside = table[(table["scope"] != TEST) & table["measure"].isin([LINEAR, NEAREST])]
    return {
        "sentence": representation_sentence(table),
        "disease": _columns(table, COLUMNS),
        "fields": _columns(table, of_fields),
        "agreement": _agreement(table),
        "tested": int(tested["images"].max()) if len(tested) else None,
        "all": _rows(beside) if len(tested) else [],
        "compared": listed([COMPARED[kind] for kind in COMPARED if kind in set(table["kind"])]),
    }


def representation_sentence(table: pd.DataFrame) -> str:
    """Which representation knows the most of the class, and which the least of the source.

    By the linear probes, with those whose intervals overlap. A control may know the most of the
    class, which is a warning; the one that knows least of the source is sought among the others.
    """
    disease = class_rows(table, LINEAR).dropna(subset=["value"])
    if disease.empty:
        return "No class has enough patients for a probe."
    best = disease.loc[disease["value"].idxmax()]
    first = (
        f"{best['representation']} knows the most of the class: a linear probe reaches a balanced "
        f"accuracy of {_number(best)}{_overlapping(disease, best)}."
    )
    sources = class_rows(table, LINEAR, SOURCE).dropna(subset=["value"])
    sources = sources[sources["kind"] != CONTROL]
    if len(sources) < 2:
        return first
    least = sources.loc[sources["value"].idxmin()]
    if len(_close(sources, least)) == len(sources) - 1:
        values = sorted({f"{value:.2f}" for value in sources["value"]})
        return (
            f"{first} As far as intervals tell, no network or encoder knows less of the source "
            f"than another: {' to '.join([values[0], *values[1:][-1:]])} "
            f"(chance {least['chance']:.2f})."
        )
    which = least["representation"]
    if which == best["representation"]:
        which = "It also"
    known = f"{which} knows the least of the source, {_number(least)}"
    own = sources[sources["representation"] == best["representation"]]
    if which == least["representation"] and len(own):
        known += f"; {best['representation']} reaches {own['value'].iloc[0]:.2f}"
    return f"{first} {known}{_overlapping(sources, least)}."


def _close(rows: pd.DataFrame, one: Mapping[str, Any]) -> list[str]:
    """The other representations whose intervals overlap that of one."""
    return [
        str(row["representation"])
        for _, row in rows.iterrows()
        if row["representation"] != one["representation"] and _overlap(row, one)
    ]


def _overlapping(rows: pd.DataFrame, one: Mapping[str, Any]) -> str:
    """The end of a sentence: whose intervals overlap that of one."""
    close = _close(rows, one)
    if len(close) == 1:
        return f", and the interval of {close[0]} overlaps"
    return f", and the intervals of {listed(close)} overlap" if close else ""


def _overlap(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether two intervals overlap; values where there are none."""
    ends = [one["low"], one["high"], other["low"], other["high"]]
    if any(pd.isna(end) for end in ends):
        return bool(one["value"] == other["value"])
    return bool(ends[0] <= ends[3] and ends[2] <= ends[1])


def _number(row: Mapping[str, Any]) -> str:
    """A balanced accuracy with its interval and chance."""
    between = "" if pd.isna(row["low"]) else f"95% interval {row['low']:.2f} to {row['high']:.2f}; "
    return f"{row['value']:.2f} ({between}chance {row['chance']:.2f})"


def _columns(table: pd.DataFrame, columns: Mapping[str, tuple[str, str]]) -> dict[str, Any]:
    """A table with a row a representation; columns that hold nothing are left out."""
    found = {name: class_rows(table, *key) for name, key in columns.items()}
    found = {name: rows for name, rows in found.items() if rows["value"].notna().any()}
    chance: dict[str, float | None] = {}
    cells: dict[str, dict[str, dict[str, float | None]]] = {}
    for name, rows in found.items():
        known = rows["chance"].dropna()
        chance[name] = float(known.iloc[0]) if known.nunique() else None
        for row in _rows(rows):
            cells.setdefault(row["representation"], {})[name] = {
                key: row[key] for key in ("value", "low", "high")
            }
    described = table.drop_duplicates("representation").set_index("representation")
    units = table.dropna(subset=["units"]).drop_duplicates("representation")
    widths = units.set_index("representation")["units"]
    return {
        "columns": list(found),
        "chance": chance,
        "rows": [
            {
                "name": name,
                "kind": KINDS[described.loc[name, "kind"]],
                "units": int(widths[name]) if name in widths else None,
                "cells": cells[name],
            }
            for name in described.index
            if name in cells
        ],
    }


def _agreement(table: pd.DataFrame) -> dict[str, Any] | None:
    """The matrix of the models' agreement, None of fewer than two."""
    rows = table[table["measure"] == AGREEMENT]
    if rows.empty:
        return None
    names = list(dict.fromkeys(rows["representation"]))
    values = {(r["representation"], r["other"]): r["value"] for _, r in rows.iterrows()}
    return {
        "names": names,
        "rows": [
            {"name": one, "values": [values.get((one, other)) for other in names]} for one in names
        ],
    }


def _rows(table: pd.DataFrame) -> Sequence[dict[str, Any]]:
    """Rows as documents have them, null where nothing stands."""
    plain = table.astype("object")
    return plain.where(plain.notna(), None).to_dict("records")
