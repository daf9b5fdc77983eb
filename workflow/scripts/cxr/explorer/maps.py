"""The maps, grids and labellings of one model, packed for the page."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy.linalg import orthogonal_procrustes
from scipy.optimize import linear_sum_assignment

from cxr.clustering.grid import label_map, standardise
from cxr.clustering.ranking import best_cell
from cxr.explorer.fields import ORDERED
from cxr.explorer.packing import pack, pack_counts, text_levels
from cxr.explorer.totals import pack_totals

# The size of all maps, and of all labels; with many images there are fewer.
MAPS_BYTES = 800_000
LABELS_BYTES = 300_000
MAX_MAPS = 60
MAX_LABELLINGS = 5
METHODS = {"tsne": "t-SNE", "pca": "PCA"}


@dataclass(frozen=True)
class ShownPart:
    """The part of a map's images that the page shows.

    Attributes
    ----------
    rows : int array, shape (m,)
        Of the map's images, ascending.
    fields : DataFrame, n rows
        The fields of all images, as their levels have them.
    levels : list
        The levels of each field of texts, None of numbers.
    """

    rows: np.ndarray
    fields: pd.DataFrame
    levels: list[list[str] | None]


def shown_part(fields: pd.DataFrame, rows: np.ndarray) -> ShownPart:
    """A part of the images, with the fields of all of them."""
    texts, levels = fields.copy(), []
    for name in fields:
        of_field = None
        if not pd.api.types.is_float_dtype(fields[name]):
            texts[name], of_field = text_levels(fields[name], ordered=name in ORDERED)
        levels.append(of_field)
    return ShownPart(rows, texts, levels)


def shown_perplexities(perplexities: Sequence[float], chosen: float, n_images: int) -> list[float]:
    """As many perplexities as the page has room for, evenly spaced, with the chosen one."""
    values = sorted(perplexities)
    room = min(MAX_MAPS, max(2, MAPS_BYTES // (4 * n_images)))
    if len(values) <= room:
        return values
    positions = np.linspace(0, len(values) - 1, room).round().astype(int)
    positions[np.abs(positions - values.index(chosen)).argmin()] = values.index(chosen)
    return [values[position] for position in positions]


def align(points: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """A map rotated and mirrored onto another one of the same images.

    Parameters
    ----------
    points, reference : float array, shape (n, 2)
        Centred.

    References
    ----------
    P. H. Schönemann, "A generalized solution of the orthogonal Procrustes
    problem", Psychometrika 31, 1966.
    """
    rotation, _ = orthogonal_procrustes(points, reference)
    return points @ rotation


def match(labels: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """Labels renumbered by the reference clusters that they share most images with.

    Parameters
    ----------
    labels, reference : int array, shape (n,)
        -1 for outliers, which stay so.

    Returns
    -------
    int array, shape (n,)
        Clusters without a match get the numbers after the reference's.
    """
    n, m = labels.max(initial=-1) + 1, reference.max(initial=-1) + 1
    both = (labels >= 0) & (reference >= 0)
    shared = np.zeros((n, m), dtype=np.int64)
    np.add.at(shared, (labels[both], reference[both]), 1)
    rows, columns = linear_sum_assignment(shared, maximize=True)
    matched = dict(zip(rows.tolist(), columns.tolist(), strict=True))
    unused = iter(range(m, m + n))
    numbers = np.array([matched[c] if c in matched else next(unused) for c in range(n)] + [-1])
    return numbers[labels]


def pack_places(points: np.ndarray) -> dict[str, Any]:
    """A map's coordinates: `xy` (uint16), 0 to 65535 for `extent` on both sides of the centre."""
    extent = float(np.abs(points).max(initial=0.0)) or 1.0
    places = np.rint((points / extent + 1) / 2 * 65535).astype(np.uint16)
    return {"extent": round(extent, 4), "xy": pack(places.ravel())}


def pack_maps(
    embeddings: pd.DataFrame,
    grid: pd.DataFrame,
    ranking: pd.DataFrame,
    clusters: pd.DataFrame,
    part: ShownPart | None = None,
    models: int = 1,
) -> dict[str, Any]:
    """The maps of one model with their grids and best labellings.

    Parameters
    ----------
    embeddings : DataFrame
        `image_id, method, perplexity, seed, x, y` of all maps.
    grid, ranking : DataFrame
        Every cell, and the qualifying ones, best first.
    clusters : DataFrame, n rows
        The chosen map with its clusters: `image_id, x, y, cluster`.
    part : ShownPart, optional
        The images that the page shows, where it does not show all; each labelling then has
        `totals` of all images.
    models : int
        Models that share the page.

    Returns
    -------
    dict
        `chosen`, the number of the chosen map, and `maps`: of each `method`,
        `perplexity`, `seed`, `reliable`, the packed coordinates `xy` (uint16, 0 to
        65535 for the map's `extent` on both sides of its centre), the grid of its
        cells and its `labellings`. Only maps of the chosen one's seed are among
        them, and PCA.
    """
    reference = standardise(clusters[["x", "y"]].to_numpy())
    reference_labels = clusters["cluster"].to_numpy()
    dbscan = grid["algorithm"] == "dbscan"
    grid, ranking = grid[dbscan], ranking[ranking["algorithm"] == "dbscan"]
    chosen = best_cell(ranking, "tsne")
    n = models * (len(clusters) if part is None else len(part.rows))
    shown = list(_shown_maps(embeddings, chosen, n))
    max_labellings = max(1, min(MAX_LABELLINGS, LABELS_BYTES // (len(shown) * max(n, 1))))
    documents: list[dict[str, Any]] = []
    first = 0
    for keys, unordered in shown:
        rows = unordered.set_index("image_id").loc[clusters["image_id"]].reset_index()
        points = align(standardise(rows[["x", "y"]].to_numpy()), reference)
        best = _of_map(ranking, keys)
        if chosen is not None and keys["method"] == "tsne":
            first = len(documents) if keys["perplexity"] == chosen["perplexity"] else first
        documents.append(
            {
                **keys,
                "name": METHODS[keys["method"]],
                "reliable": bool(best["reliable"].all()),
                **pack_places(points if part is None else points[part.rows]),
                "grid": _pack_grid(_of_map(grid, keys), best),
                "labellings": [
                    _labelling(rows, cell, reference_labels, part)
                    for _, cell in best.head(max_labellings).iterrows()
                ],
            }
        )
    return {"chosen": first, "maps": documents}


def _shown_maps(
    embeddings: pd.DataFrame, chosen: pd.Series | None, n_images: int
) -> Iterator[tuple[dict[str, Any], pd.DataFrame]]:
    """The keys and rows of each shown map: t-SNE's of one seed by perplexity, then PCA."""
    tsne = embeddings[embeddings["method"] == "tsne"]
    seed = tsne["seed"].min() if chosen is None else chosen["seed"]
    of_seed = tsne[tsne["seed"] == seed]
    first = of_seed["perplexity"].min() if chosen is None else chosen["perplexity"]
    for perplexity in shown_perplexities(of_seed["perplexity"].unique().tolist(), first, n_images):
        keys = {"method": "tsne", "perplexity": perplexity, "seed": int(seed)}
        yield keys, of_seed[of_seed["perplexity"] == perplexity]
    pca = embeddings[embeddings["method"] == "pca"]
    yield {"method": "pca", "perplexity": None, "seed": int(pca["seed"].iloc[0])}, pca


def _of_map(table: pd.DataFrame, keys: dict[str, Any]) -> pd.DataFrame:
    """The rows of one map."""
    same = (table["method"] == keys["method"]) & (table["seed"] == keys["seed"])
    if keys["perplexity"] is not None:
        same &= table["perplexity"] == keys["perplexity"]
    return table[same]


def _pack_grid(cells: pd.DataFrame, ranking: pd.DataFrame) -> dict[str, Any]:
    """Every cell by eps (columns) and min_samples (rows), row after row."""
    cells = cells.sort_values(["min_samples", "eps"])
    keys = ["eps", "min_samples"]
    ranked = pd.MultiIndex.from_frame(ranking[keys])
    qualifies = pd.MultiIndex.from_frame(cells[keys]).isin(ranked)
    return {
        "eps": [float(f"{eps:.6g}") for eps in np.sort(cells["eps"].unique())],
        "min_samples": np.sort(cells["min_samples"].unique()).tolist(),
        "score": pack_counts(np.where(qualifies, cells["balance_score"], -1)),
        "n_clusters": pack_counts(cells["n_clusters"].to_numpy()),
        "n_outliers": pack_counts(cells["n_outliers"].to_numpy()),
    }


def _labelling(
    rows: pd.DataFrame, cell: pd.Series, reference: np.ndarray, part: ShownPart | None
) -> dict[str, Any]:
    """A cell's clusters, recomputed on its map, numbered like the chosen ones."""
    # `label_map` sorts by image_id, as the chosen clusters are sorted.
    labels = match(label_map(rows, cell)["cluster"].to_numpy(), reference)
    totals = {} if part is None else {"totals": pack_totals(labels, part.fields, part.levels)}
    return {
        "eps": float(f"{cell['eps']:.6g}"),
        "min_samples": int(cell["min_samples"]),
        "rank": int(cell["rank"]),
        "cluster": pack_counts(labels if part is None else labels[part.rows]),
        **totals,
    }
