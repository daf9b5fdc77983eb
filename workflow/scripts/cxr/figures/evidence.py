"""Figures of the evidence: null simulations, stability, associations, controls."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from cxr.config.catalogue.controls import CONTROLS
from cxr.config.catalogue.null_models import NULL_MODELS, PRIMARY
from cxr.evidence.covariates import field_name
from cxr.evidence.significance import median_of_samples
from cxr.evidence.stability import GRADES, RESAMPLINGS, Stability
from cxr.figures.clusters import scatter
from cxr.figures.style import (
    INK,
    LINE,
    OUTLIER,
    PALETTE,
    cluster_colour,
    empty,
    figure,
)

STATISTICS = {
    "consensus": "highest consensus (decides)",
    "agreement": "highest agreement of perplexities",
    "balance_score": "best balance score (lower is better)",
    "dbcv": "best DBCV",
}
SUBJECTS = {"features": "features", **{name: entry.label for name, entry in CONTROLS.items()}}
TOO_FEW = "too few images or patients"


def nulls(evidence: Mapping[str, Any], draws: pd.DataFrame) -> Figure:
    """The best of the search in null simulations, and in the features; of samples the median.

    Parameters
    ----------
    evidence : mapping
        The evidence document.
    draws : DataFrame
        As in `cxr.evidence.null_search.SIMULATIONS`.
    """
    fig = figure(140)
    draws = draws.loc[draws["subject"] == "features"]
    draws = median_of_samples(draws, ["null", "replicate"])
    panels = fig.subplots(2, 2).flat
    for ax, (name, label) in zip(panels, STATISTICS.items(), strict=True):
        if draws.empty:
            empty(ax, TOO_FEW)
            continue
        _distribution(ax, evidence["nulls"], draws, name)
        ax.set(xlabel=label, ylabel="share of simulations at least as good", ylim=(0, 1.02))
    return fig


def _distribution(
    ax: Axes, results: Mapping[str, Any], draws: pd.DataFrame, statistic: str
) -> None:
    """Of each null model the cumulative distribution, and the value of the features."""
    better = 1 if statistic == "balance_score" else -1
    for position, (null, entry) in enumerate(NULL_MODELS.items()):
        values = draws.loc[draws["null"] == null, statistic].to_numpy()
        finite = np.sort(better * values[np.isfinite(values)])
        if not len(values):
            continue
        shares = np.arange(1, len(finite) + 1) / len(values)
        label = f"{entry.label}: p = {results[null][statistic]['p']:.3f}"
        style: dict[str, Any] = {
            "color": PALETTE[position],
            "ls": ("-", "--", ":", "-.")[position % 4],
        }
        ax.step(better * finite, shares, where="post", label=label, **style)
    observed = results[PRIMARY][statistic]["observed"]
    if observed is not None:
        ax.axvline(observed, color=INK, lw=1)
        ax.annotate(
            "observed", (observed, 1.02), xytext=(0, 1), textcoords="offset points", ha="center"
        )
    ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.2))


def stability(evidence: Mapping[str, Any], clusters: pd.DataFrame, repeats: pd.DataFrame) -> Figure:
    """Mean Jaccard similarity of each cluster in repetitions, and the consensus matrix.

    Parameters
    ----------
    evidence : mapping
    clusters : DataFrame
        `image_id, cluster`.
    repeats : DataFrame
        `kind, turn, image_id, cluster`.
    """
    fig = figure(78)
    left, right = fig.subplots(1, 2, width_ratios=[1.25, 1])
    if not evidence["stability"]:
        empty(left, "no clusters")
        empty(right, "no clusters")
        return fig
    _bars(left, evidence["stability"])
    _consensus(right, clusters, repeats)
    return fig


def _bars(ax: Axes, stability_by_kind: Mapping[str, Any]) -> None:
    kinds = list(stability_by_kind)
    count = len(stability_by_kind[kinds[0]]["clusters"])
    height = 0.8 / count
    for cluster in range(count):
        rows = [stability_by_kind[kind]["clusters"][cluster] for kind in kinds]
        y = np.arange(len(kinds)) + (cluster - (count - 1) / 2) * height
        means = np.array([row["mean"] or 0.0 for row in rows])
        ends = np.array([[row["low"] or 0.0, row["high"] or 0.0] for row in rows]).T
        ax.barh(y, means, height * 0.9, color=cluster_colour(cluster), label=str(cluster + 1))
        ax.hlines(y, ends[0], ends[1], color=INK, lw=0.8)
    for bound, grade in GRADES[:-1]:
        ax.axvline(bound, color=LINE, lw=0.8, zorder=0)
        ax.text(
            bound, len(kinds) - 0.45, grade, rotation=90, va="bottom", ha="center", fontsize=5.5
        )
    ax.set_yticks(range(len(kinds)), [RESAMPLINGS[kind] for kind in kinds])
    ax.set(xlim=(0, 1), xlabel="Jaccard similarity: mean and 95% range")
    ax.legend(title="cluster", loc="upper center", bbox_to_anchor=(0.5, -0.16), ncols=8)


def _consensus(ax: Axes, clusters: pd.DataFrame, repeats: pd.DataFrame) -> None:
    """The consensus matrix: how often two images are in one cluster, images by cluster.

    Of several samples that of the first, since images of two are never searched together.
    """
    repeats = repeats.loc[repeats["sample"] == 0]
    kept = clusters.loc[clusters["image_id"].isin(repeats["image_id"].unique())]
    kept = kept.assign(last=kept["cluster"] < 0).sort_values(["last", "cluster", "image_id"])
    repeated = Stability.of(kept["cluster"].to_numpy(), kept["image_id"].to_numpy(), repeats)
    image = ax.imshow(repeated.consensus(), cmap="cividis", vmin=0, vmax=1, interpolation="nearest")
    edges = np.flatnonzero(np.diff(kept["cluster"].to_numpy())) + 0.5
    for edge in edges:
        ax.axhline(edge, color="white", lw=0.6)
        ax.axvline(edge, color="white", lw=0.6)
    ax.set(xticks=[], yticks=[], xlabel="images by cluster, outliers last")
    ax.figure.colorbar(image, ax=ax, label="consensus (share of repetitions)")


def associations(table: pd.DataFrame, evidence: Mapping[str, Any]) -> Figure:
    """The associations of recorded fields with the clusters.

    Parameters
    ----------
    table : DataFrame
        As `cxr.statistics.association.association_table` returns it.
    evidence : mapping
    """
    rows = table.loc[(table["missing"] == "level") & table["ami"].notna()].iloc[::-1]
    fig = figure(24 + 4.5 * max(len(rows), 4))
    left, right = fig.subplots(1, 2, sharey=True)
    if rows.empty:
        for ax in (left, right):
            empty(ax, "no field with two values among the clusters")
        return fig
    thresholds = evidence["thresholds"]
    significant = rows["q"] <= thresholds["alpha"]
    colours = np.where(significant, PALETTE[0], OUTLIER)
    y = np.arange(len(rows))
    left.barh(y, rows["ami"], color=colours)
    left.set_yticks(y, [field_name(name) for name in rows["field"]])
    left.set(xlabel="adjusted mutual information", xlim=(min(0, rows["ami"].min() * 1.1), None))
    right.hlines(y, rows["low"], rows["high"], color=colours, lw=1.2)
    right.scatter(rows["effect"], y, color=colours, s=12, zorder=3)
    right.axvline(thresholds["effect"], color=LINE, lw=0.8, zorder=0)
    for height, q in zip(y, rows["q"], strict=True):
        right.text(1.02, height, f"q = {q:.3f}", va="center", fontsize=5.5)
    right.set(xlabel="bias-corrected Cramér's V, 95% interval", xlim=(0, 1.15))
    return fig


def controls(evidence: Mapping[str, Any], maps: pd.DataFrame) -> Figure:
    """The best map of the features beside those of the controls.

    Parameters
    ----------
    evidence : mapping
    maps : DataFrame
        `subject, image_id, x, y, cluster`.
    """
    names = [name for name in SUBJECTS if name in set(maps["subject"])]
    fig = figure(58)
    axes = np.atleast_1d(fig.subplots(1, max(len(names), 1)))
    if not names:
        empty(axes[0], TOO_FEW)
    for ax, name in zip(axes, names, strict=False):
        scatter(ax, maps.loc[maps["subject"] == name], size=5)
        result = evidence["nulls"][PRIMARY] if name == "features" else evidence["controls"][name]
        agreement = "" if name == "features" else f"\nadjusted Rand {result['adjusted_rand']:.2f}"
        ax.set_title(f"{SUBJECTS[name]}\np = {result['p']:.3f}{agreement}", fontsize=6.5)
    return fig
