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
    main = main_protocol(list(table["protocol"]))
    shown = table.loc[table["protocol"] == main]
    networks = shown.loc[shown["kind"] == "network"]
    fig = figure(30 + 7 * len(shown))
    left, *right = fig.subplots(1, 1 + (len(networks) > 1), squeeze=False)[0]
    rows = {name: row for row, name in enumerate(shown["name"])}
    for protocol, colour, offset in ((main, PALETTE[0], -0.12), (RANDOM, PALETTE[1], 0.18)):
        of_protocol = table.loc[(table["protocol"] == protocol) & table["name"].isin(rows)]
        y = of_protocol["name"].map(rows).to_numpy(dtype=float) + offset
        _bars(left, of_protocol, y, colour, protocol_label(protocol))
    left.set_yticks(range(len(rows)), [short(name) for name in rows])
    for label, kind in zip(left.get_yticklabels(), shown["kind"], strict=True):
        label.set_fontweight("bold" if kind == "network" else "normal")
    left.set(ylim=(len(rows) - 0.5, -0.5), xlim=(None, 1.005), xlabel="accuracy")
    left.set_title("Networks (bold) and baselines, 95% intervals")
    left.grid(axis="x", color="#e3e5e8", lw=0.6)
    fig.legend(*left.get_legend_handles_labels(), loc="outside lower left", ncols=2)
    for ax in right:
        _against(ax, networks, networks["parameters"].to_numpy(dtype=float), "parameters")
    return fig


def training_times(table: pd.DataFrame, times: pd.DataFrame) -> Figure:
    """Accuracy of the networks against their training time.

    Parameters
    ----------
    table : DataFrame
        As `cxr.evaluation.comparison.comparison_table` makes it.
    times : DataFrame
        name, device, threads, precision, seconds, images_per_second.
    """
    main = main_protocol(list(table["protocol"]))
    networks = table.loc[(table["protocol"] == main) & (table["kind"] == "network")]
    networks = networks.merge(times, on="name")
    fig = figure(60)
    ax, details = fig.subplots(1, 2, width_ratios=[1.6, 1])
    _against(ax, networks, networks["seconds"].to_numpy(dtype=float), "training time (s)")
    lines = [
        f"{short(row['name'])}: {row['seconds']:.0f} s, {row['images_per_second']:.0f} images/s, "
        f"{short(str(row['device']))}, {row['precision']}"
        for _, row in networks.iterrows()
    ]
    empty(details, "\n".join(lines))
    return fig


def _bars(ax: Axes, rows: pd.DataFrame, y: np.ndarray, colour: str, label: str) -> None:
    """Accuracies with their intervals at heights y."""
    if rows.empty:
        return
    ax.hlines(y, rows["accuracy_low"], rows["accuracy_high"], color=colour, lw=1.1)
    ax.plot(rows["accuracy"], y, "o", ms=3.5, color=colour, label=label)


def _against(ax: Axes, networks: pd.DataFrame, cost: np.ndarray, label: str) -> None:
    """Accuracy against a cost on a logarithmic axis, each network named."""
    ax.vlines(cost, networks["accuracy_low"], networks["accuracy_high"], color=LINE, lw=1.1)
    ax.plot(cost, networks["accuracy"], "o", ms=4, color=PALETTE[0])
    for name, x, y in zip(networks["name"], cost, networks["accuracy"], strict=True):
        ax.annotate(
            short(name), (x, y), xytext=(4, 3), textcoords="offset points", fontsize=6, color=INK
        )
    ax.set(xscale="log", xlabel=label, ylabel="accuracy", title=f"Accuracy against {label}")
    plain_numbers(ax.xaxis)
    ax.margins(x=0.3)
