"""Figures of the maps, the parameter grid and the clusters' countries."""

import math

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import to_rgba_array
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from cxr.clustering.grid import standardise
from cxr.clustering.ranking import best_cell
from cxr.figures.selection import Statistic, selecting
from cxr.figures.style import (
    INK,
    OUTLIER,
    PALETTE,
    UNUSED,
    cluster_colour,
    cluster_marker,
    cluster_name,
    empty,
    figure,
    label_places,
    ring,
    short,
)

NO_CELL = "no cell of the grid qualifies"
OPACITY = 0.9
# Of an image whose cluster no other perplexity has.
PALEST = 0.2


def maps(pca: pd.DataFrame, tsne: pd.DataFrame, ranking: pd.DataFrame, choose: str) -> Figure:
    """PCA beside t-SNE, each with the clusters of its own best cell.

    Parameters
    ----------
    pca, tsne : DataFrame
        `image_id, x, y, cluster`.
    ranking : DataFrame
    choose : "consensus", "dbcv" or "balance"
    """
    fig = figure(84)
    for ax, method, rows in zip(fig.subplots(1, 2), ("pca", "tsne"), (pca, tsne), strict=True):
        scatter(ax, rows, size=9)
        name = {"pca": "PCA", "tsne": "t-SNE"}[method]
        ax.set_title(f"{name}\n{_cell_text(best_cell(ranking, method), choose)}")
    return fig


def clusters(tsne: pd.DataFrame, ranking: pd.DataFrame, choose: str) -> Figure:
    """The clustered map of the best reliable t-SNE cell.

    Parameters
    ----------
    tsne : DataFrame
        `image_id, x, y, cluster`; with `agreement` (0 to 1), images of low values are pale.
    ranking : DataFrame
    choose : "consensus", "dbcv" or "balance"
    """
    fig = figure(120)
    ax = fig.subplots()
    opacity = None
    if "agreement" in tsne:
        opacity = (PALEST + (OPACITY - PALEST) * tsne["agreement"]).fillna(OPACITY)
    scatter(ax, tsne, size=20, opacity=opacity)
    ax.set_title(_cell_text(best_cell(ranking, "tsne"), choose))
    legend = ax.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), handletextpad=0.2)
    for handle in legend.legend_handles:
        if handle is not None:
            handle.set_alpha(OPACITY)
    return fig


def _cell_text(cell: pd.Series | None, choose: str) -> str:
    if cell is None:
        return NO_CELL
    perplexity = "" if pd.isna(cell["perplexity"]) else f"perplexity {cell['perplexity']:g}, "
    return (
        f"{perplexity}eps {cell['eps']:.3g}, min_samples {int(cell['min_samples'])}, "
        f"{selecting(choose, cell).text(cell)}"
    )


def scatter(ax: Axes, rows: pd.DataFrame, size: float, opacity: pd.Series | None = None) -> None:
    """The points by cluster on standardised axes, as DBSCAN has them; outliers are crosses.

    Parameters
    ----------
    ax : Axes
    rows : DataFrame
        `x, y, cluster`.
    size : float
        Of a point, in square points.
    opacity : Series, optional
        Of each row, 0 to 1.
    """
    rows = rows[["cluster"]].assign(
        **dict(zip("xy", standardise(rows[["x", "y"]].to_numpy()).T, strict=True))
    )
    for cluster, members in rows.groupby("cluster"):
        number = int(cluster)
        ax.scatter(
            members["x"],
            members["y"],
            s=size,
            color=to_rgba_array(
                cluster_colour(number),
                OPACITY if opacity is None else opacity.loc[members.index].to_numpy(),
            ),
            marker=cluster_marker(number),
            linewidths=0.8 if number < 0 else 0,
            label=f"{cluster_name(number)} (n = {len(members)})",
            rasterized=len(rows) > 3000,
        )
        if number >= 0:
            centre = members[["x", "y"]].median()
            box = {"boxstyle": "circle,pad=0.2", "fc": "white", "ec": INK, "lw": 0.5, "alpha": 0.85}
            ax.text(centre["x"], centre["y"], str(number + 1), ha="center", va="center", bbox=box)
    ax.set(xticks=[], yticks=[], aspect="equal", adjustable="datalim")
    ax.spines[:].set_visible(True)


def cells(
    grid: pd.DataFrame, ranking: pd.DataFrame, max_perplexity_share: float, choose: str
) -> Figure:
    """The DBSCAN grid: what selects, of the selected map, and the best by perplexity.

    Parameters
    ----------
    grid : DataFrame
        Every cell.
    ranking : DataFrame
        The qualifying cells, best first.
    max_perplexity_share : float
        Perplexities above this share of the images are shaded.
    choose : "consensus", "dbcv" or "balance"
    """
    fig = figure(72)
    left, right = fig.subplots(1, 2, width_ratios=[1, 1.15])
    cell = best_cell(ranking, "tsne")
    statistic = selecting(choose, cell)
    if cell is None:
        empty(left, NO_CELL)
    else:
        _heat(left, grid, ranking, cell, statistic)
    _by_perplexity(right, ranking, max_perplexity_share, statistic)
    return fig


def _heat(
    ax: Axes, grid: pd.DataFrame, ranking: pd.DataFrame, cell: pd.Series, statistic: Statistic
) -> None:
    """A statistic over eps and min_samples at the selected perplexity; others are grey."""

    def of_map(table: pd.DataFrame) -> pd.DataFrame:
        keys = ["algorithm", "method", "perplexity", "seed"]
        return table.loc[(table[keys] == cell[keys]).all(axis=1)]

    eps = np.sort(of_map(grid)["eps"].unique())
    min_samples = np.sort(of_map(grid)["min_samples"].unique())
    values = (
        of_map(ranking)
        .pivot_table(index="min_samples", columns="eps", values=statistic.column)
        .reindex(index=min_samples, columns=eps)
    )
    colours = "cividis_r" if statistic.lower else "cividis"
    image = ax.imshow(values, origin="lower", aspect="auto", cmap=colours)
    column, row = (
        np.searchsorted(eps, cell["eps"]),
        np.searchsorted(min_samples, cell["min_samples"]),
    )
    ax.add_patch(Rectangle((column - 0.5, row - 0.5), 1, 1, fill=False, ec=PALETTE[2], lw=1.6))
    label_places(ax.xaxis, eps)
    label_places(ax.yaxis, min_samples)
    ax.set_facecolor(UNUSED)
    grey = "does not qualify" if statistic.lower else "does not qualify or vote"
    ax.set(
        xlabel="eps",
        ylabel="min_samples",
        title=f"Perplexity {cell['perplexity']:g}; grey: {grey}",
    )
    ax.figure.colorbar(image, ax=ax, label=statistic.label)


def _by_perplexity(ax: Axes, ranking: pd.DataFrame, share: float, statistic: Statistic) -> None:
    """The best value of each perplexity; unreliable perplexities are shaded."""
    tsne = ranking.loc[(ranking["method"] == "tsne") & (ranking["algorithm"] == "dbscan")]
    if tsne.empty:
        empty(ax, NO_CELL)
        return
    best = statistic.best(tsne.set_index("perplexity")[statistic.column])
    ax.plot(best.index, best, color=PALETTE[0], marker="o", ms=2, lw=0.8, label="t-SNE, best cell")
    limit = share * tsne["n_images"].iloc[0]
    if best.index.max() > limit:
        ax.axvspan(limit, best.index.max(), color=UNUSED, lw=0, label="unreliable", zorder=0)
    pca = best_cell(ranking, "pca")
    if pca is not None and pd.notna(pca[statistic.column]):
        ax.axhline(pca[statistic.column], color=PALETTE[1], ls="--", lw=1, label="PCA, best cell")
    chosen = best_cell(ranking, "tsne")
    if chosen is not None:
        ring(ax, chosen["perplexity"], chosen[statistic.column])
    ax.set(
        xlabel="perplexity",
        ylabel=f"best {statistic.name}",
        title=f"Best {statistic.name} by perplexity",
    )
    # Agreement and DBCV are 1 at most.
    ax.set_ylim(min(0, best.min(skipna=True)), None if statistic.lower else 1.02)
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
