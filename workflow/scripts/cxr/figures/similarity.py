"""Figures of the search for similar images: how well it does, severity, and patients in time."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from cxr.evidence.covariates import field_name
from cxr.figures.style import INK, LINE, OUTLIER, PALETTE, empty, figure, short
from cxr.similarity.comparison import DESCRIPTIONS
from cxr.similarity.retrieval import ALL
from cxr.similarity.trajectory import slopes

SPACES = tuple(DESCRIPTIONS)
COLOURS = dict(zip(SPACES, PALETTE, strict=False))
TARGET = "severity_extent"
LARGEST = 8


def retrieval(table: pd.DataFrame, k: int) -> Figure:
    """Precision of each class in each space, and what else neighbours share.

    Parameters
    ----------
    table : DataFrame
        As `cxr.similarity.comparison.compare_spaces` returns it.
    k : int
    """
    classes = table[table["field"] == "class"]
    fields = table[(table["field"] != "class") & (table["own_patient"] == "excluded")]
    spaces = [space for space in SPACES if space in set(table["space"])]
    levels = [ALL, *sorted(set(classes["level"]) - {ALL})]
    others = [tuple(pair) for pair in fields[["field", "level"]].drop_duplicates().to_numpy()]
    tallest = (len(spaces) + 1) * max(len(levels), len(others), 1)
    drawn = figure(26 + 2.6 * max(tallest, 12))
    left, right = drawn.subplots(1, 2, width_ratios=[1.5, 1])
    if classes.empty:
        for ax in (left, right):
            empty(ax, "nothing can be similar")
        return drawn
    names = [level if level != ALL else "all classes" for level in levels]
    _rows(left, names, spaces)
    _rows(right, [f"{field_name(field)}\nin {short(level, 14)}" for field, level in others], spaces)
    for number, space in enumerate(spaces):
        of_space = classes[classes["space"] == space].set_index(["own_patient", "level"])
        for place, level in enumerate(levels):
            for own, face in (("excluded", COLOURS[space]), ("included", "white")):
                shift = 0.0 if own == "excluded" else 0.3
                y = place * (len(spaces) + 1) + number + shift
                row = of_space.loc[(own, level)]
                _point(left, row, "precision", y, COLOURS[space], face)
        if others:
            told = fields[fields["space"] == space].set_index(["field", "level"])
            for place, pair in enumerate(others):
                if pair in told.index:
                    y = place * (len(spaces) + 1) + number
                    _point(right, told.loc[pair], "enrichment", y, COLOURS[space], COLOURS[space])
    base = classes[(classes["own_patient"] == "excluded") & (classes["space"] == spaces[0])]
    for place, level in enumerate(levels):
        chance = base.loc[base["level"] == level, "base_rate"].iloc[0]
        span = (place * (len(spaces) + 1) - 0.5, place * (len(spaces) + 1) + len(spaces) - 0.3)
        left.vlines(chance, *span, color=INK, lw=0.8, ls=":", label="chance" if not place else None)
    left.set(xlim=(0, 1.02), xlabel=f"precision at {k}, with 95% interval")
    left.set_title("Neighbours of the query's class")
    if others:
        right.axvline(1, color=INK, lw=0.8, ls=":")
        right.set(xlabel="times as often as chance gives")
        right.set_title("Neighbours that share it, within a class")
    else:
        empty(right, "no field with two values in a class")
    handles = [
        left.plot([], [], "o", ms=3.5, color=COLOURS[s], label=DESCRIPTIONS[s])[0] for s in spaces
    ]
    handles.append(left.plot([], [], "o", ms=3.5, mfc="white", mec=INK, label="own patient in")[0])
    handles.append(left.plot([], [], ":", lw=0.8, color=INK, label="chance")[0])
    drawn.legend(handles=handles, loc="outside lower center", ncols=2)
    return drawn


def _rows(ax: Axes, names: Sequence[str], spaces: Sequence[str]) -> None:
    """A group of rows for each name, from the top."""
    step = len(spaces) + 1
    ax.set_yticks([place * step + (len(spaces) - 1) / 2 for place in range(len(names))], names)
    ax.tick_params(axis="y", length=0)
    for place in range(1, len(names)):
        ax.axhline(place * step - 1, color=LINE, lw=0.5)
    ax.set_ylim(max(1, len(names)) * step - 1, -1)


def _point(ax: Axes, row: pd.Series, name: str, y: float, colour: str, face: str) -> None:
    if pd.notna(row[f"{name}_low"]):
        ax.hlines(y, row[f"{name}_low"], row[f"{name}_high"], color=colour, lw=1)
    ax.plot(row[name], y, "o", ms=3.2, mfc=face, mec=colour, mew=0.8, zorder=3)


def severity(found: Mapping[str, Any], estimates: pd.DataFrame) -> Figure:
    """The raters' extent beside the estimates, and the error of each way to estimate it.

    Parameters
    ----------
    found, estimates
        As `cxr.similarity.severity_analysis.analyse_severity` returns them.
    """
    drawn = figure(78)
    axes = drawn.subplots(1, 3, width_ratios=[1, 1, 1.25])
    if found["insufficient"] is not None:
        for ax in axes[1:]:
            ax.set_axis_off()
        empty(axes[0], found["insufficient"])
        return drawn
    own = estimates[
        (estimates["target"] == TARGET) & (estimates["space"] == found["drift"]["space"])
    ]
    for ax, method in zip(axes, ("neighbours", "regression"), strict=False):
        told = own[(own["method"] == method) & own["score"].notna()]
        ax.plot([0, LARGEST], [0, LARGEST], color=LINE, lw=0.8, zorder=0)
        ax.scatter(told["score"], told["estimate"], s=9, color=PALETTE[0], alpha=0.75, lw=0)
        ax.set(xlim=(-0.3, 8.3), ylim=(-0.3, 8.3), aspect="equal")
        ax.set(xlabel="extent by the raters (0 to 8)", ylabel="estimated extent", title=method)
    rows = [row for row in found["estimates"] if row["target"] == TARGET]
    rows = [row for row in rows if row["method"] != "mean"] + [rows[0]]
    labels = []
    for place, row in enumerate(rows):
        colour = OUTLIER if row["method"] == "mean" else COLOURS[row["space"]]
        error = row["error"]
        if error["low"] is not None:
            axes[2].hlines(place, error["low"], error["high"], color=colour, lw=1.2)
        axes[2].plot(error["value"], place, "o", ms=4, color=colour)
        mean = row["method"] == "mean"
        labels.append("mean of the others" if mean else f"{row['space']}, {row['method']}")
    axes[2].set_yticks(range(len(rows)), labels)
    axes[2].set(xlabel="mean absolute error, with 95% interval", title="Extent, patients left out")
    axes[2].set_xlim(left=0)
    axes[2].invert_yaxis()
    return drawn


def drift(table: pd.DataFrame, records: pd.DataFrame) -> Figure:
    """All patients' estimated extent and share of serious neighbours along their days.

    Parameters
    ----------
    table : DataFrame
        As `cxr.similarity.trajectory.follow_patients` returns it.
    records : DataFrame
        Indexed by image_id: `patient_id, survival`.
    """
    drawn = figure(78)
    axes = drawn.subplots(1, 3, width_ratios=[1, 1, 0.8])
    if table.empty:
        for ax in axes[1:]:
            ax.set_axis_off()
        empty(axes[0], "no patient with images of two days")
        return drawn
    outcome = records.dropna(subset=["survival"]).groupby("patient_id")["survival"].min()
    colours = {"no": PALETTE[2], "yes": PALETTE[0], "unknown": OUTLIER}
    words = {"no": "died", "yes": "survived", "unknown": "not recorded"}
    places = list(colours)
    change = slopes(table)["estimate"]
    for patient, own in table.groupby("patient_id"):
        known = str(outcome.get(patient, "unknown"))
        style = {"color": colours[known], "lw": 0.9, "marker": "o", "ms": 2.2, "alpha": 0.8}
        order = 1 if known == "unknown" else 2
        axes[0].plot(own["offset_days"], own["estimate"], zorder=order, **style)
        axes[1].plot(own["offset_days"], own["serious_share"], zorder=order, **style)
        place = places.index(known) + 0.25 * np.sin(13.0 * len(str(patient)) + change[patient] * 40)
        axes[2].plot(change[patient], place, "o", ms=3.2, color=colours[known], alpha=0.8)
    axes[0].set(xlabel="day", ylabel="estimated extent (0 to 8)", ylim=(0, LARGEST))
    axes[1].set(xlabel="day", ylabel="share of serious neighbours", ylim=(0, 1))
    axes[2].axvline(0, color=LINE, lw=0.8, zorder=0)
    counts = [
        int((pd.Index(change.index).map(lambda p: str(outcome.get(p, "unknown"))) == place).sum())
        for place in places
    ]
    axes[2].set_yticks(
        range(3), [f"{words[p]}\n(n = {n})" for p, n in zip(places, counts, strict=True)]
    )
    axes[2].set(xlabel="change of the extent a day", ylim=(-0.6, 2.6))
    return drawn


def patient(own: pd.DataFrame, told: Mapping[str, str]) -> Figure:
    """One patient's estimated extent and share of serious neighbours along its days.

    Parameters
    ----------
    own : DataFrame
        The patient's rows of the drift.
    told : mapping of str to str
        What is recorded of it: survival, icu, intubated.
    """
    drawn = figure(60)
    left, right = drawn.subplots(1, 2)
    days = own["offset_days"]
    left.plot(days, own["estimate"], marker="o", ms=4, color=PALETTE[0], label="estimated")
    left.plot(days, own["score"], "s", ms=5, mfc="none", mec=PALETTE[2], label="by the raters")
    left.set(xlabel="day", ylabel="extent (0 to 8)", ylim=(0, LARGEST))
    left.legend()
    right.plot(days, own["serious_share"], marker="o", ms=4, color=PALETTE[1])
    right.set(xlabel="day", ylabel="share of serious neighbours", ylim=(0, 1))
    words = ", ".join(f"{field_name(name)}: {answer}" for name, answer in told.items())
    left.set_title(short(str(own["patient_id"].iloc[0]), 60))
    right.set_title(words or "no outcome recorded")
    return drawn
