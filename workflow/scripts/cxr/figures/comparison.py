"""Figures of networks and baselines side by side."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from cxr.evaluation.comparison import main_protocol
from cxr.figures.style import INK, LINE, PALETTE, empty, figure, plain_numbers, short
from cxr.planning.parts import RANDOM, protocol_label


def comparison(table: pd.DataFrame) -> Figure:
    """Accuracy of every network and baseline, and of several networks against their parameters.

    Parameters
    ----------
    table : DataFrame
        As `cxr.evaluation.comparison.comparison_table` makes it.
    """
    counts = main_protocol(list(table["protocol"]))
    shown = table.loc[table["protocol"] == counts]
    networks = shown.loc[shown["kind"] == "network"]
    drawn = figure(30 + 7 * len(shown))
    left, *right = drawn.subplots(1, 1 + (len(networks) > 1), squeeze=False)[0]
    rows = {name: row for row, name in enumerate(shown["name"])}
    for protocol, colour, offset in ((counts, PALETTE[0], -0.12), (RANDOM, PALETTE[1], 0.18)):
        some = table.loc[(table["protocol"] == protocol) & table["name"].isin(rows)]
        places = some["name"].map(rows).to_numpy(dtype=float) + offset
        _bars(left, some, places, colour, protocol_label(protocol))
    left.set_yticks(range(len(rows)), [short(name) for name in rows])
    for label, kind in zip(left.get_yticklabels(), shown["kind"], strict=True):
        label.set_fontweight("bold" if kind == "network" else "normal")
    left.set(ylim=(len(rows) - 0.5, -0.5), xlim=(None, 1.005), xlabel="accuracy")
    left.set_title("Networks (bold) and baselines, 95% intervals")
    left.grid(axis="x", color="#e3e5e8", lw=0.6)
    drawn.legend(*left.get_legend_handles_labels(), loc="outside lower left", ncols=2)
    for ax in right:
        _against(ax, networks, networks["parameters"].to_numpy(dtype=float), "parameters")
    return drawn


def training_times(table: pd.DataFrame, times: pd.DataFrame) -> Figure:
    """Accuracy of the networks against how long they trained.

    Parameters
    ----------
    table : DataFrame
        As `cxr.evaluation.comparison.comparison_table` makes it.
    times : DataFrame
        name, device, threads, precision, seconds, images_per_second.
    """
    counts = main_protocol(list(table["protocol"]))
    networks = table.loc[(table["protocol"] == counts) & (table["kind"] == "network")]
    networks = networks.merge(times, on="name")
    drawn = figure(60)
    ax, words = drawn.subplots(1, 2, width_ratios=[1.6, 1])
    _against(ax, networks, networks["seconds"].to_numpy(dtype=float), "seconds of training")
    lines = [
        f"{short(row['name'])}: {row['seconds']:.0f} s, {row['images_per_second']:.0f} images/s, "
        f"{short(str(row['device']))}, {row['precision']}"
        for _, row in networks.iterrows()
    ]
    empty(words, "\n".join(lines))
    return drawn


def _bars(ax: Axes, rows: pd.DataFrame, places: np.ndarray, colour: str, label: str) -> None:
    """Values with their intervals at some heights."""
    if rows.empty:
        return
    ax.hlines(places, rows["accuracy_low"], rows["accuracy_high"], color=colour, lw=1.1)
    ax.plot(rows["accuracy"], places, "o", ms=3.5, color=colour, label=label)


def _against(ax: Axes, networks: pd.DataFrame, cost: np.ndarray, words: str) -> None:
    """Accuracy against a cost on a logarithmic axis, each network named."""
    ax.vlines(cost, networks["accuracy_low"], networks["accuracy_high"], color=LINE, lw=1.1)
    ax.plot(cost, networks["accuracy"], "o", ms=4, color=PALETTE[0])
    for name, x, y in zip(networks["name"], cost, networks["accuracy"], strict=True):
        ax.annotate(
            short(name), (x, y), xytext=(4, 3), textcoords="offset points", fontsize=6, color=INK
        )
    ax.set(xscale="log", xlabel=words, ylabel="accuracy", title=f"Accuracy against {words}")
    plain_numbers(ax.xaxis)
    ax.margins(x=0.3)
