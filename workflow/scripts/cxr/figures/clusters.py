"""Figures of the maps, the parameter grid and the clusters' countries."""

import math

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from cxr.clustering.grid import standardise
from cxr.clustering.ranking import best_cell
from cxr.figures.style import (
    INK,
    OUTLIER,
    PALETTE,
    cluster_colour,
    cluster_marker,
    cluster_name,
    empty,
    figure,
    short,
)

NO_CELL = "no cell of the grid qualifies"


def maps(pca: pd.DataFrame, tsne: pd.DataFrame, ranking: pd.DataFrame) -> Figure:
    """PCA beside t-SNE, each with the clusters of its own best cell.

    Parameters
    ----------
    pca, tsne : DataFrame
        `image_id, x, y, cluster`.
    ranking : DataFrame
    """
    fig = figure(84)
    for ax, method, rows in zip(fig.subplots(1, 2), ("pca", "tsne"), (pca, tsne), strict=True):
        scatter(ax, rows, size=9)
        name = {"pca": "PCA", "tsne": "t-SNE"}[method]
        ax.set_title(f"{name}: {_cell_text(best_cell(ranking, method))}")
    return fig


def clusters(tsne: pd.DataFrame, ranking: pd.DataFrame) -> Figure:
    """The clustered map of the best reliable t-SNE cell."""
    fig = figure(120)
    ax = fig.subplots()
    scatter(ax, tsne, size=20)
    ax.set_title(_cell_text(best_cell(ranking, "tsne")))
    ax.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), handletextpad=0.2)
    return fig


def _cell_text(cell: pd.Series | None) -> str:
    if cell is None:
        return NO_CELL
    perplexity = "" if pd.isna(cell["perplexity"]) else f"perplexity {cell['perplexity']:g}, "
    return (
        f"{perplexity}eps {cell['eps']:.3g}, min_samples {int(cell['min_samples'])}, "
        f"balance score {int(cell['balance_score'])}"
    )


def scatter(ax: Axes, rows: pd.DataFrame, size: float) -> None:
    """The points by cluster on standardised axes, as DBSCAN has them; outliers are crosses."""
    rows = rows[["cluster"]].assign(
        **dict(zip("xy", standardise(rows[["x", "y"]].to_numpy()).T, strict=True))
    )
    for cluster, members in rows.groupby("cluster"):
        number = int(cluster)
        ax.scatter(
            members["x"],
            members["y"],
            s=size,
            color=cluster_colour(number),
            marker=cluster_marker(number),
            linewidths=0.8 if number < 0 else 0,
            alpha=0.9,
            label=f"{cluster_name(number)} (n = {len(members)})",
            rasterized=len(rows) > 3000,
        )
        if number >= 0:
            centre = members[["x", "y"]].median()
            box = {"boxstyle": "circle,pad=0.2", "fc": "white", "ec": INK, "lw": 0.5, "alpha": 0.85}
            ax.text(centre["x"], centre["y"], str(number + 1), ha="center", va="center", bbox=box)
    ax.set(xticks=[], yticks=[], aspect="equal", adjustable="datalim")
    ax.spines[:].set_visible(True)


def cells(grid: pd.DataFrame, ranking: pd.DataFrame, max_perplexity_share: float) -> Figure:
    """The DBSCAN grid: balance scores of the chosen map, and the best by perplexity.

    Parameters
    ----------
    grid : DataFrame
        Every cell.
    ranking : DataFrame
        The qualifying cells, best first.
    max_perplexity_share : float
        Perplexities above this share of the images are shaded.
    """
    fig = figure(72)
    left, right = fig.subplots(1, 2, width_ratios=[1, 1.15])
    cell = best_cell(ranking, "tsne")
    if cell is None:
        empty(left, NO_CELL)
    else:
        _heat(left, grid, ranking, cell)
    _by_perplexity(right, ranking, max_perplexity_share)
    return fig


def _heat(ax: Axes, grid: pd.DataFrame, ranking: pd.DataFrame, cell: pd.Series) -> None:
    """Balance scores over eps and min_samples at the chosen perplexity; others are grey."""

    def of_map(table: pd.DataFrame) -> pd.DataFrame:
        keys = ["algorithm", "method", "perplexity", "seed"]
        return table.loc[(table[keys] == cell[keys]).all(axis=1)]

    eps = np.sort(of_map(grid)["eps"].unique())
    min_samples = np.sort(of_map(grid)["min_samples"].unique())
    scores = (
        of_map(ranking)
        .pivot_table(index="min_samples", columns="eps", values="balance_score")
        .reindex(index=min_samples, columns=eps)
    )
    image = ax.imshow(scores, origin="lower", aspect="auto", cmap="cividis_r")
    column, row = (
        np.searchsorted(eps, cell["eps"]),
        np.searchsorted(min_samples, cell["min_samples"]),
    )
    ax.add_patch(Rectangle((column - 0.5, row - 0.5), 1, 1, fill=False, ec=PALETTE[2], lw=1.6))
    for axis, values in ((ax.xaxis, eps), (ax.yaxis, min_samples)):
        every = math.ceil(len(values) / 10)
        axis.set_ticks(range(0, len(values), every), [f"{v:.3g}" for v in values[::every]])
    ax.set_facecolor("#e9e9e9")
    ax.set(
        xlabel="eps",
        ylabel="min_samples",
        title=f"Perplexity {cell['perplexity']:g}; grey: does not qualify",
    )
    ax.figure.colorbar(image, ax=ax, label="balance score (lower is better)")


def _by_perplexity(ax: Axes, ranking: pd.DataFrame, share: float) -> None:
    """The best balance score of each perplexity; unreliable perplexities are shaded."""
    tsne = ranking.loc[(ranking["method"] == "tsne") & (ranking["algorithm"] == "dbscan")]
    if tsne.empty:
        empty(ax, NO_CELL)
        return
    best = tsne.groupby("perplexity")["balance_score"].min()
    ax.plot(best.index, best, color=PALETTE[0], marker="o", ms=2, lw=0.8, label="t-SNE, best cell")
    limit = share * tsne["n_images"].iloc[0]
    if best.index.max() > limit:
        ax.axvspan(limit, best.index.max(), color="#e9e9e9", lw=0, label="unreliable", zorder=0)
    pca = best_cell(ranking, "pca")
    if pca is not None:
        ax.axhline(pca["balance_score"], color=PALETTE[1], ls="--", lw=1, label="PCA, best cell")
    chosen = best_cell(ranking, "tsne")
    if chosen is not None:
        point = (chosen["perplexity"], chosen["balance_score"])
        ax.plot(*point, marker="o", ms=7, mfc="none", mec=PALETTE[2], ls="none", label="selected")
    ax.set(
        xlabel="perplexity", ylabel="best balance score", title="Best balance score by perplexity"
    )
    ax.set_ylim(bottom=0)
    ax.legend(loc="best")


def countries(table: pd.DataFrame) -> Figure:
    """One bar chart a cluster: images by country, unknown in grey.

    Parameters
    ----------
    table : DataFrame
        `cluster`, a column a country, `unknown` last.
    """
    counts = table.set_index("cluster")
    recorded = counts.drop(columns="unknown")
    order = [*recorded.columns[np.argsort(-recorded.sum().to_numpy(), kind="stable")], "unknown"]
    counts = counts[order]
    columns = min(3, len(counts))
    rows = math.ceil(len(counts) / columns)
    fig = figure(rows * (16 + 3.1 * len(order)))
    axes = np.atleast_1d(fig.subplots(rows, columns, sharex=True, sharey=True)).ravel()
    for ax, (cluster, values) in zip(axes, counts.iterrows(), strict=False):
        number = int(cluster)
        colours = [cluster_colour(number)] * (len(order) - 1) + [OUTLIER]
        bars = ax.barh(range(len(order)), values, color=colours)
        bars[-1].set(fill=False, hatch="////", edgecolor=OUTLIER)
        ax.bar_label(bars, labels=[str(v) if v else "" for v in values], padding=2, fontsize=6)
        ax.set_yticks(range(len(order)), [short(str(name)) for name in order])
        ax.set_title(f"{cluster_name(number).capitalize()} (n = {int(values.sum())})")
        ax.set_xlabel("images")
    axes[0].invert_yaxis()
    axes[0].set_xlim(0, counts.to_numpy().max() * 1.12)
    for ax in axes[len(counts) :]:
        ax.set_axis_off()
    return fig
