"""Figures of a network: its training, its errors and its calibration."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from cxr.figures.style import INK, PALE, PALETTE, figure, plain_numbers, short


def training(history: pd.DataFrame) -> Figure:
    """Loss, accuracy and learning rate by epoch, with phases and the selected epoch.

    Parameters
    ----------
    history : DataFrame
        A row an epoch: epoch, phase, image_size, frozen, learning_rate,
        backbone_learning_rate, train_loss, validation_loss, train_accuracy,
        validation_accuracy, best.
    """
    fig = figure(62)
    axes = fig.subplots(1, 3)
    best = int(history["epoch"].to_numpy()[history["best"].to_numpy(dtype=bool)][0])
    last = int(history["epoch"].max())
    for ax, measure in zip(axes, ("loss", "accuracy"), strict=False):
        for position, part in enumerate(("train", "validation")):
            values = history[f"{part}_{measure}"]
            ax.plot(history["epoch"], values, color=PALETTE[position], label=part)
        ax.axvline(best, color=INK, lw=0.7, ls=":")
        ax.set(title=measure.capitalize())
        ax.set_ylim(bottom=0, top=1.02 if measure == "accuracy" else None)
        early = best < (1 + last) / 2
        ax.annotate(
            f"selected: epoch {best}",
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
    rates = (("dense layers", "learning_rate"), ("backbone", "backbone_learning_rate"))
    for position, (label, column) in enumerate(rates):
        values = history[column].where(history[column] > 0)
        axes[2].plot(history["epoch"], values, color=PALETTE[position], marker=".", label=label)
    axes[2].set(yscale="log", title="Learning rate")
    plain_numbers(axes[2].yaxis)
    axes[2].legend(loc="best")
    for ax in axes:
        ax.set(xlabel="epoch", xlim=(1, max(2, last)))
        ax.xaxis.set_major_locator(MaxNLocator(integer=True))
        _phases(ax, history)
    return fig


def _phases(ax: Axes, history: pd.DataFrame) -> None:
    """Shades every second phase."""
    for phase, rows in history.groupby("phase"):
        if int(phase) % 2 == 0:
            ax.axvspan(rows["epoch"].min() - 0.5, rows["epoch"].max() + 0.5, color=PALE, zorder=0)


def confusion(metrics: Mapping[str, Any]) -> Figure:
    """The test images: rates of each class with intervals, and the confusion matrix.

    Parameters
    ----------
    metrics : mapping
        The metrics document.
    """
    classes, test = metrics["classes"], metrics["splits"]["test"]
    fig = figure(26 + 13 * len(classes))
    left, right = fig.subplots(1, 2, width_ratios=[1, 1.15])
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
    fig.colorbar(image, ax=right, label="share of the true class")
    fig.legend(*left.get_legend_handles_labels(), loc="outside lower left", ncols=3)
    return fig


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


def reliability(metrics: Mapping[str, Any]) -> Figure:
    """The reliability diagram of the test images, and a histogram of their confidence.

    Parameters
    ----------
    metrics : mapping
        The metrics document.
    """
    test = metrics["splits"]["test"]
    fig = figure(62)
    left, right = fig.subplots(1, 2)
    left.plot([0, 1], [0, 1], color=INK, lw=0.7, ls=":")
    for row in test["reliability"]:
        accuracy, confidence = row["accuracy"], row["confidence"]
        if accuracy["low"] is not None:
            ends = [accuracy["low"], accuracy["high"]]
            left.plot([confidence, confidence], ends, color=PALETTE[0], lw=1.1)
        left.plot(confidence, accuracy["value"], "o", ms=3.5, color=PALETTE[0])
    error = test["ece"]
    bounds = "" if error["low"] is None else f", {error['low']:.3f} to {error['high']:.3f}"
    left.set(xlim=(0, 1.02), ylim=(0, 1.02), xlabel="confidence", ylabel="accuracy")
    left.set_title(f"Reliability diagram (ECE {error['value']:.3f}{bounds})")
    confidences = [row["confidence"] for row in test["reliability"]]
    images = [row["images"] for row in test["reliability"]]
    right.bar(confidences, images, width=0.05, color=PALETTE[0])
    right.set(xlim=(0, 1.02), xlabel="confidence", ylabel="test images")
    right.set_title("Confidence")
    return fig
