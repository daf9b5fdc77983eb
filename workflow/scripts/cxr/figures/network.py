"""Figures of a network: its training and its errors."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from cxr.figures.style import INK, PALETTE, figure, short


def training(history: pd.DataFrame) -> Figure:
    """Loss and accuracy by epoch, the best epoch marked.

    Parameters
    ----------
    history : DataFrame
        A row an epoch: epoch, train_loss, validation_loss, train_accuracy,
        validation_accuracy, best.
    """
    drawn = figure(58)
    best = int(history["epoch"].to_numpy()[history["best"].to_numpy(dtype=bool)][0])
    for ax, measure in zip(drawn.subplots(1, 2), ("loss", "accuracy"), strict=True):
        for position, part in enumerate(("train", "validation")):
            values = history[f"{part}_{measure}"]
            ax.plot(history["epoch"], values, color=PALETTE[position], label=part)
        ax.axvline(best, color=INK, lw=0.7, ls=":")
        ax.set(title=measure.capitalize(), xlabel="epoch", xlim=(1, max(2, history["epoch"].max())))
        ax.xaxis.set_major_locator(MaxNLocator(integer=True))
        ax.set_ylim(bottom=0, top=1.02 if measure == "accuracy" else None)
        early = best < (1 + history["epoch"].max()) / 2
        ax.annotate(
            f"best epoch {best}",
            (best, 0.5),
            xycoords=("data", "axes fraction"),
            rotation=90,
            ha="left" if early else "right",
            va="center",
            fontsize=6,
            xytext=(3 if early else -2, 0),
            textcoords="offset points",
        )
        ax.legend(loc="upper right" if measure == "loss" else "lower right")
    return drawn


def confusion(metrics: Mapping[str, Any]) -> Figure:
    """The test images: rates of each class with their intervals, and who was taken for whom.

    Parameters
    ----------
    metrics : mapping
        The metrics document.
    """
    classes, test = metrics["classes"], metrics["splits"]["test"]
    drawn = figure(26 + 13 * len(classes))
    left, right = drawn.subplots(1, 2, width_ratios=[1, 1.15])
    _rates(left, classes, test["per_class"], metrics["interval"]["level"])
    counts = np.array(test["confusion"])
    share = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    image = right.imshow(share, cmap="cividis", vmin=0, vmax=1, aspect="auto")
    for (row, column), count in np.ndenumerate(counts):
        text = f"{count}\n{share[row, column]:.0%}"
        colour = "white" if share[row, column] < 0.55 else INK
        right.text(column, row, text, ha="center", va="center", color=colour)
    names = [short(name, 20) for name in classes]
    right.set_xticks(range(len(classes)), names)
    right.set_yticks(range(len(classes)), names)
    right.set(xlabel="predicted", ylabel="true", title=f"Test images (n = {test['images']})")
    right.tick_params(length=0)
    right.spines[:].set_visible(False)
    drawn.colorbar(image, ax=right, label="share of the true class")
    drawn.legend(*left.get_legend_handles_labels(), loc="outside lower left", ncols=3)
    return drawn


def _rates(ax: Axes, classes: list[str], per_class: Mapping[str, Any], level: float) -> None:
    """Sensitivity, specificity and precision of each class, with intervals."""
    shown = ("sensitivity", "specificity", "precision")
    for position, metric in enumerate(shown):
        for row, name in enumerate(classes):
            rate = per_class[name][metric]
            if rate["value"] is None:
                continue
            y = row + 0.22 * (position - 1)
            if rate["low"] is not None:
                ax.plot([rate["low"], rate["high"]], [y, y], color=PALETTE[position], lw=1.1)
            ax.plot(rate["value"], y, "o", ms=3.5, color=PALETTE[position])
        ax.plot([], [], "o", ms=3.5, color=PALETTE[position], label=metric)
    ax.set_yticks(range(len(classes)), [short(name, 20) for name in classes])
    ax.set(xlim=(0, 1.02), ylim=(len(classes) - 0.5, -0.5), xlabel="rate")
    ax.set_title(f"Rates with {level:.0%} intervals")
    ax.grid(axis="x", color="#e3e5e8", lw=0.6)
