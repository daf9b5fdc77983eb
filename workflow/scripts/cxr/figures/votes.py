"""The figure of the votes: how far the clusterings of each perplexity agree with the others."""

import numpy as np
import pandas as pd
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from cxr.clustering.ranking import best_cell
from cxr.figures.style import MARKERS, UNUSED, empty, figure, label_places, ring

NO_VOTES = "no clustering votes"
ONE_PERPLEXITY = "no two perplexities have clusterings that vote"
RASTERIZED_ABOVE = 3000


def votes(
    table: pd.DataFrame, grid: pd.DataFrame, ranking: pd.DataFrame, max_perplexity_share: float
) -> Figure:
    """The agreement of each clustering that votes, and that of each pair of perplexities.

    Parameters
    ----------
    table : DataFrame
        As in `cxr.clustering.cells.VOTES`.
    grid : DataFrame
        Every cell, of all perplexities.
    ranking : DataFrame
        The qualifying cells, best first.
    max_perplexity_share : float
        Perplexities above this share of the images don't vote.
    """
    fig = figure(78)
    left, right = fig.subplots(1, 2, width_ratios=[1.25, 1])
    if table.empty:
        empty(left, NO_VOTES)
        empty(right, NO_VOTES)
        return fig
    matrix = _between(table, grid, max_perplexity_share * ranking["n_images"].iloc[0])
    if matrix.isna().all(axis=None):
        empty(left, ONE_PERPLEXITY)
        empty(right, ONE_PERPLEXITY)
        return fig
    _clusterings(left, table, best_cell(ranking, "tsne"))
    _pairs(right, matrix)
    return fig


def _clusterings(ax: Axes, table: pd.DataFrame, cell: pd.Series | None) -> None:
    """Each clustering's agreement against its perplexity, by number of clusters."""
    scale = colormaps["cividis"]
    lowest, highest = table["n_clusters"].min(), table["n_clusters"].max()
    for n_clusters, rows in table.groupby("n_clusters"):
        ax.scatter(
            rows["perplexity"],
            rows["agreement"],
            s=12,
            color=scale((n_clusters - lowest) / max(highest - lowest, 1)),
            marker=MARKERS[(n_clusters - lowest) % len(MARKERS)],
            linewidths=0,
            alpha=0.7,
            label=str(n_clusters),
            rasterized=len(table) > RASTERIZED_ABOVE,
        )
    if cell is not None and pd.notna(cell["agreement"]):
        ring(ax, cell["perplexity"], cell["agreement"])
    ax.set(xlabel="perplexity", ylabel="agreement with other perplexities")
    ax.set_title(f"{len(table)} clusterings, by number of clusters")
    ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.16), ncols=12, handletextpad=0.1)


def _between(table: pd.DataFrame, grid: pd.DataFrame, largest: float) -> pd.DataFrame:
    """The mean agreement of the clusterings of each pair of perplexities; NaN without a pair."""
    perplexities = grid["perplexity"].dropna()
    every = np.unique(perplexities[perplexities <= largest])
    shares = pd.DataFrame(np.vstack(table["by_perplexity"]), table["perplexity"], columns=every)
    means = shares.groupby(level=0).mean()
    # One without clusterings agrees with none: it has no pair.
    return means.reindex(columns=means.index).reindex(index=every, columns=every)


def _pairs(ax: Axes, matrix: pd.DataFrame) -> None:
    values = matrix.to_numpy(dtype=np.float64)
    image = ax.imshow(values, origin="lower", cmap="cividis", interpolation="nearest")
    label_places(ax.xaxis, matrix.columns.to_numpy())
    label_places(ax.yaxis, matrix.index.to_numpy())
    ax.set_facecolor(UNUSED)
    ax.set(xlabel="perplexity", ylabel="perplexity", title="Mean agreement; grey: no pair")
    ax.figure.colorbar(image, ax=ax, label="mean adjusted Rand index")
