"""Figures of the search for similar images: retrieval metrics, severity, patients over time."""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from cxr.evidence.covariates import field_name
from cxr.figures.style import INK, LINE, OUTLIER, PALETTE, empty, figure, save, short
from cxr.planning.stages import ENCODER, EXTERNAL
from cxr.similarity.comparison import SPACES
from cxr.similarity.retrieval import ALL
from cxr.similarity.severity import EXTENT, MAX_SCORES, MEAN, NEIGHBOURS, REGRESSION
from cxr.similarity.trajectory import outcomes_of, patient_files, slopes

COLOURS = dict(zip((space for space in SPACES if space != ENCODER), PALETTE, strict=False))
COLOURS[ENCODER] = COLOURS[EXTERNAL]  # no study has both
METHODS = {NEIGHBOURS: "nearest neighbours", REGRESSION: "ridge regression"}
MAX_EXTENT = int(MAX_SCORES[EXTENT])
EXTENT_LABEL = f"extent (0 to {MAX_EXTENT})"


def retrieval(table: pd.DataFrame, k: int) -> Figure:
    """Precision of each class in each space, and enrichment of other fields.

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
    fig = figure(26 + 2.6 * max(tallest, 12))
    left, right = fig.subplots(1, 2, width_ratios=[1.5, 1])
    if classes.empty:
        for ax in (left, right):
            empty(ax, "no neighbours")
        return fig
    names = [level if level != ALL else "all classes" for level in levels]
    _rows(left, names, spaces)
    _rows(right, [f"{field_name(field)}\nin {short(level, 14)}" for field, level in others], spaces)
    step = len(spaces) + 1
    for number, space in enumerate(spaces):
        of_space = classes[classes["space"] == space].set_index(["own_patient", "level"])
        for group, level in enumerate(levels):
            for own_patient, face in (("excluded", COLOURS[space]), ("included", "white")):
                shift = 0.0 if own_patient == "excluded" else 0.3
                y = group * step + number + shift
                row = of_space.loc[(own_patient, level)]
                _point(left, row, "precision", y, COLOURS[space], face)
        if others:
            by_pair = fields[fields["space"] == space].set_index(["field", "level"])
            for group, pair in enumerate(others):
                if pair in by_pair.index:
                    y = group * step + number
                    _point(
                        right, by_pair.loc[pair], "enrichment", y, COLOURS[space], COLOURS[space]
                    )
    first = classes[(classes["own_patient"] == "excluded") & (classes["space"] == spaces[0])]
    for group, level in enumerate(levels):
        base_rate = first.loc[first["level"] == level, "base_rate"].iloc[0]
        ends = (group * step - 0.5, group * step + len(spaces) - 0.3)
        left.vlines(base_rate, *ends, color=INK, lw=0.8, ls=":")
    left.set(xlim=(0, 1.02), xlabel=f"precision at {k}, 95% interval")
    left.set_title("Precision by class of the query")
    if others:
        right.axvline(1, color=INK, lw=0.8, ls=":")
        right.set(xlabel="enrichment over the base rate, 95% interval")
        right.set_title("Other fields, within a class")
    else:
        empty(right, "no field with two values in a class")
    handles = [left.plot([], [], "o", ms=3.5, color=COLOURS[s], label=SPACES[s])[0] for s in spaces]
    handles.append(
        left.plot([], [], "o", ms=3.5, mfc="white", mec=INK, label="own patient included")[0]
    )
    handles.append(left.plot([], [], ":", lw=0.8, color=INK, label="base rate")[0])
    fig.legend(handles=handles, loc="outside lower center", ncols=2)
    return fig


def _rows(ax: Axes, names: Sequence[str], spaces: Sequence[str]) -> None:
    """A group of rows for each name, from the top."""
    step = len(spaces) + 1
    ax.set_yticks([group * step + (len(spaces) - 1) / 2 for group in range(len(names))], names)
    ax.tick_params(axis="y", length=0)
    for group in range(1, len(names)):
        ax.axhline(group * step - 1, color=LINE, lw=0.5)
    ax.set_ylim(max(1, len(names)) * step - 1, -1)


def _point(ax: Axes, row: pd.Series, name: str, y: float, colour: str, face: str) -> None:
    if pd.notna(row[f"{name}_low"]):
        ax.hlines(y, row[f"{name}_low"], row[f"{name}_high"], color=colour, lw=1)
    ax.plot(row[name], y, "o", ms=3.2, mfc=face, mec=colour, mew=0.8, zorder=3)


def severity(summary: Mapping[str, Any], estimates: pd.DataFrame) -> Figure:
    """Estimated against rated extent, and the error of each method.

    Parameters
    ----------
    summary, estimates
        As `cxr.similarity.severity_analysis.analyse_severity` returns them.
    """
    fig = figure(78)
    axes = fig.subplots(1, 3, width_ratios=[1, 1, 1.25])
    if summary["insufficient"] is not None:
        for ax in axes[1:]:
            ax.set_axis_off()
        empty(axes[0], summary["insufficient"])
        return fig
    shown = estimates[
        (estimates["target"] == EXTENT)
        & (estimates["space"] == summary["drift"]["space"])
        & estimates["score"].notna()
    ]
    for ax, (method, title) in zip(axes, METHODS.items(), strict=False):
        rows = shown[shown["method"] == method]
        ax.plot([0, MAX_EXTENT], [0, MAX_EXTENT], color=LINE, lw=0.8, zorder=0)
        ax.scatter(rows["score"], rows["estimate"], s=9, color=PALETTE[0], alpha=0.75, lw=0)
        ax.set(xlim=(-0.3, MAX_EXTENT + 0.3), ylim=(-0.3, MAX_EXTENT + 0.3), aspect="equal")
        ax.set(xlabel=f"rated {EXTENT_LABEL}", ylabel="estimated extent", title=title.capitalize())
    _errors(axes[2], [row for row in summary["estimates"] if row["target"] == EXTENT])
    return fig


def _errors(ax: Axes, rows: Sequence[Mapping[str, Any]]) -> None:
    """The error of each method in each space, that of the mean last."""
    rows = [row for row in rows if row["method"] != MEAN] + [rows[0]]
    labels = []
    for y, row in enumerate(rows):
        mean = row["method"] == MEAN
        colour = OUTLIER if mean else COLOURS[row["space"]]
        error = row["error"]
        if error["low"] is not None:
            ax.hlines(y, error["low"], error["high"], color=colour, lw=1.2)
        ax.plot(error["value"], y, "o", ms=4, color=colour)
        labels.append("mean of the others" if mean else f"{row['space']}, {row['method']}")
    ax.set_yticks(range(len(rows)), labels)
    ax.set(xlabel="mean absolute error, 95% interval", title="Error, patients held out")
    ax.set_xlim(left=0)
    ax.invert_yaxis()


def drift(table: pd.DataFrame, records: pd.DataFrame) -> Figure:
    """Estimated extent and share of serious neighbours over time, all patients.

    Parameters
    ----------
    table : DataFrame
        As `cxr.similarity.trajectory.follow_patients` returns it.
    records : DataFrame
        Indexed by image_id: `patient_id, survival`.
    """
    fig = figure(78)
    axes = fig.subplots(1, 3, width_ratios=[1, 1, 0.8])
    if table.empty:
        for ax in axes[1:]:
            ax.set_axis_off()
        empty(axes[0], "no patient with images on two days")
        return fig
    outcome = records.dropna(subset=["survival"]).groupby("patient_id")["survival"].min()
    colours = {"no": PALETTE[2], "yes": PALETTE[0], "unknown": OUTLIER}
    labels = {"no": "died", "yes": "survived", "unknown": "not recorded"}
    values = list(colours)
    change = slopes(table)["estimate"]
    survival = {patient: str(outcome.get(patient, "unknown")) for patient in change.index}
    for patient, rows in table.groupby("patient_id"):
        survived = survival[patient]
        style = {"color": colours[survived], "lw": 0.9, "marker": "o", "ms": 2.2, "alpha": 0.8}
        order = 1 if survived == "unknown" else 2
        axes[0].plot(rows["offset_days"], rows["estimate"], zorder=order, **style)
        axes[1].plot(rows["offset_days"], rows["serious_share"], zorder=order, **style)
        jitter = 0.25 * np.sin(13.0 * len(str(patient)) + change[patient] * 40)
        y = values.index(survived) + jitter
        axes[2].plot(change[patient], y, "o", ms=3.2, color=colours[survived], alpha=0.8)
    axes[0].set(xlabel="day", ylabel=f"estimated {EXTENT_LABEL}", ylim=(0, MAX_EXTENT))
    axes[1].set(xlabel="day", ylabel="share of serious neighbours", ylim=(0, 1))
    axes[2].axvline(0, color=LINE, lw=0.8, zorder=0)
    counts = Counter(survival.values())
    axes[2].set_yticks(range(3), [f"{labels[v]}\n(n = {counts[v]})" for v in values])
    axes[2].set(xlabel="change of the extent per day", ylim=(-0.6, 2.6))
    return fig


def patient(rows: pd.DataFrame, outcomes: Mapping[str, str]) -> Figure:
    """One patient's estimated extent and share of serious neighbours over time.

    Parameters
    ----------
    rows : DataFrame
        The patient's images, as `cxr.similarity.trajectory.follow_patients` returns them.
    outcomes : mapping of str to str
        As far as recorded: survival, icu, intubated.
    """
    fig = figure(60)
    left, right = fig.subplots(1, 2)
    days = rows["offset_days"]
    left.plot(days, rows["estimate"], marker="o", ms=4, color=PALETTE[0], label="estimated")
    left.plot(days, rows["score"], "s", ms=5, mfc="none", mec=PALETTE[2], label="rated")
    left.set(xlabel="day", ylabel=EXTENT_LABEL, ylim=(0, MAX_EXTENT))
    left.legend()
    right.plot(days, rows["serious_share"], marker="o", ms=4, color=PALETTE[1])
    right.set(xlabel="day", ylabel="share of serious neighbours", ylim=(0, 1))
    recorded = ", ".join(f"{field_name(name)}: {value}" for name, value in outcomes.items())
    left.set_title(short(str(rows["patient_id"].iloc[0]), 60))
    right.set_title(recorded or "no outcome recorded")
    return fig


def save_patients(table: pd.DataFrame, records: pd.DataFrame, folder: str | Path) -> None:
    """Writes the figure of each patient into a folder.

    Parameters
    ----------
    table : DataFrame
        As `cxr.similarity.trajectory.follow_patients` returns it.
    records : DataFrame
        Indexed by image_id: survival, icu, intubated.
    folder : path
        Made where it does not exist.
    """
    target = Path(folder)
    target.mkdir(parents=True, exist_ok=True)
    for name, rows in patient_files(table):
        save(patient(rows, outcomes_of(rows, records)), target / f"{name}.svg")
