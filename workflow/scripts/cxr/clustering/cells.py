"""What the labels of a study's DBSCAN cells say: agreement of perplexities, DBCV, consensus."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pyarrow as pa

from cxr.clustering.agreement import rand_index
from cxr.clustering.consensus import Votes
from cxr.clustering.dbcv import map_validities
from cxr.clustering.grid import standardise
from cxr.clustering.labellings import label_map_cells
from cxr.clustering.ranking import CELL_KEYS, best_cell

if TYPE_CHECKING:
    import pandas as pd

# The DBCV compares all pairs of images: of more images it is that of so many, evenly spaced.
DBCV_IMAGES = 2000
# The columns of a table of cells, by a value of their type.
STATISTICS = {
    **{"method": "tsne", "perplexity": 1.0, "seed": 0, "eps": 1.0, "min_samples": 1},
    **{"labelling": 0, "agreement": 0.0, "dbcv": 0.0, "consensus": 0.0},
}
VOTES = pa.schema(
    {
        "perplexity": pa.float64(),
        "seed": pa.int64(),
        "eps": pa.float64(),
        "min_samples": pa.int32(),
        "n_cells": pa.int64(),
        "n_clusters": pa.int32(),
        "n_outliers": pa.int32(),
        "agreement": pa.float64(),
        "by_perplexity": pa.list_(pa.float64()),
    }
)


@dataclass(frozen=True)
class CellSettings:
    """The cells that are labelled, and what is computed of them.

    Attributes
    ----------
    eps : tuple of float
    min_samples : tuple of int
    min_clusters, max_clusters : int
    max_perplexity_share : float
        Maps above this share of the images don't vote.
    max_outliers : float
        Largest share of outliers of a clustering that votes.
    choose : "consensus", "dbcv" or "balance"
    """

    eps: tuple[float, ...]
    min_samples: tuple[int, ...]
    min_clusters: int
    max_clusters: int
    max_perplexity_share: float
    max_outliers: float
    choose: Literal["consensus", "dbcv", "balance"]


class StudyCells:
    """The labelled cells of a study's reliable maps, and their votes.

    Parameters
    ----------
    embeddings : DataFrame
        `image_id, method, perplexity, seed, x, y`; the rows of each map in the same
        order of images.
    settings : CellSettings
    """

    def __init__(self, embeddings: pd.DataFrame, settings: CellSettings) -> None:
        self.settings = settings
        n = embeddings["image_id"].nunique()
        keys = ["method", "perplexity", "seed"]
        maps = list(embeddings.groupby(keys, sort=False, dropna=False))
        self.image_ids = maps[0][1]["image_id"].to_numpy()
        largest = settings.max_perplexity_share * n
        self.maps = [(key, rows) for key, rows in maps if not key[1] > largest]
        self.points = [standardise(rows[["x", "y"]].to_numpy()) for _, rows in self.maps]
        self.labellings = [
            label_map_cells(
                points,
                settings.eps,
                settings.min_samples,
                settings.min_clusters,
                settings.max_clusters,
            )
            for points in self.points
        ]
        perplexities = [perplexity for (_, perplexity, _), _ in self.maps]
        labels = [each.labels for each in self.labellings] or [np.empty((0, n), np.int16)]
        self.votes = Votes.of(labels, perplexities or [np.nan], settings.max_outliers)
        sizes = [len(each.labels) for each in self.labellings]
        self.first = np.cumsum([0, *sizes])

    def statistics(self) -> pd.DataFrame:
        """The agreement, the DBCV and the consensus of every labelled cell.

        Returns
        -------
        DataFrame
            `CELL_KEYS`, `labelling` (its place among the votes), `agreement`, `dbcv`,
            `consensus`.
        """
        import pandas as pd

        agreement, dbcv = self.votes.agreement, self._dbcv()
        consensus = self.votes.consensus(dbcv)
        tables = []
        for place, ((method, perplexity, seed), _) in enumerate(self.maps):
            cells = self.labellings[place].cells
            rows, columns = np.nonzero(cells >= 0)
            labelling = self.first[place] + cells[rows, columns]
            tables.append(
                pd.DataFrame(
                    {
                        "method": method,
                        "perplexity": perplexity,
                        "seed": seed,
                        "eps": np.asarray(self.settings.eps, np.float64)[rows],
                        "min_samples": np.asarray(self.settings.min_samples)[columns],
                        "labelling": labelling,
                        "agreement": agreement[labelling],
                        "dbcv": dbcv[labelling],
                        "consensus": consensus[labelling],
                    }
                )
            )
        if not tables:
            return pd.DataFrame(STATISTICS, index=[0]).iloc[:0]
        return pd.concat(tables, ignore_index=True)

    def _dbcv(self) -> np.ndarray:
        """The DBCV of each clustering, shape (l,)."""
        n = len(self.image_ids)
        kept = np.linspace(0, n - 1, min(n, DBCV_IMAGES)).round().astype(int)
        pairs = zip(self.points, self.labellings, strict=True)
        values = [map_validities(points[kept], each.labels[:, kept]) for points, each in pairs]
        return np.concatenate([*values, np.empty(0)])

    def vote_table(self) -> pa.Table:
        """The t-SNE maps' clusterings that vote, columns as in `VOTES`.

        `by_perplexity` is the mean agreement with those of each reliable perplexity of
        the study, rising; null for the clustering's own.
        """
        votes, rows = self.votes, []
        agreement = votes.agreement
        for place, ((method, perplexity, seed), _) in enumerate(self.maps):
            if method != "tsne":
                continue
            labelling = self.labellings[place]
            counts = np.bincount(labelling.cells[labelling.cells >= 0])
            for k, (row, column) in enumerate(labelling.first_cells()):
                number = self.first[place] + k
                if votes.groups[number] < 0:
                    continue
                shares = votes.by_perplexity[number]
                rows.append(
                    {
                        "perplexity": perplexity,
                        "seed": seed,
                        "eps": self.settings.eps[row],
                        "min_samples": self.settings.min_samples[column],
                        "n_cells": counts[k],
                        "n_clusters": labelling.labels[k].max() + 1,
                        "n_outliers": (labelling.labels[k] < 0).sum(),
                        "agreement": _number(agreement[number]),
                        "by_perplexity": [_number(share) for share in shares],
                    }
                )
        return pa.Table.from_pylist(rows, schema=VOTES)

    def selected(self, statistics: pd.DataFrame, cell: pd.Series | None) -> int | None:
        """The place of a cell's clustering among the votes; None without a cell."""
        if cell is None:
            return None
        # PCA has no perplexity.
        same = (statistics[CELL_KEYS].fillna(0) == cell[CELL_KEYS].fillna(0)).all(axis=1)
        return int(statistics.loc[same, "labelling"].iloc[0])

    def image_agreement(self, selected: int | None) -> pd.Series:
        """How far each image's cluster is that of the other perplexities, by image_id.

        NaN without a selected clustering, and where no other perplexity votes.
        """
        import pandas as pd

        values = np.full(len(self.image_ids), np.nan)
        if selected is not None and len(self.votes.voters(selected)[0]):
            values = self.votes.image_agreement(selected)
        return pd.Series(values, index=self.image_ids)

    def summary(self, ranking: pd.DataFrame, statistics: pd.DataFrame) -> dict[str, Any]:
        """The vote on the selected clustering, and the clustering that consensus selects.

        Parameters
        ----------
        ranking : DataFrame
        statistics : DataFrame
            As from `statistics`.

        Returns
        -------
        dict
            `choose`; `perplexities` that vote; `clusterings`, how many; `n_clusters`,
            the share of the votes for each number of clusters; `selected`: `agreement`,
            `consensus`, the agreement of images clustered in both (`clustered`) and of the
            outliers; and `consensus`: the cell of the highest consensus, and its adjusted
            Rand index with the selected one. Parts that do not exist are null.
        """
        votes = self.votes
        n_clusters = votes.labels.max(axis=1, initial=-1) + 1
        voting = votes.groups >= 0
        counts = np.bincount(votes.groups[voting], minlength=len(votes.perplexities))
        weights = 1 / np.maximum(counts, 1)[votes.groups[voting]]
        shares = np.bincount(n_clusters[voting], weights=weights)
        document: dict[str, Any] = {
            "choose": self.settings.choose,
            "perplexities": len(votes.perplexities),
            "clusterings": int(voting.sum()),
            "n_clusters": {
                str(k): float(share / shares.sum()) for k, share in enumerate(shares) if share
            },
            "selected": None,
            "consensus": None,
        }
        best = best_cell(ranking, "tsne")
        selected = self.selected(statistics, best)
        top = best_cell(ranking.sort_values("consensus", ascending=False, kind="stable"), "tsne")
        if best is None or selected is None or top is None or not len(votes.voters(selected)[0]):
            return document
        clustered, outliers = votes.parts(selected)
        document["selected"] = {
            "agreement": _number(votes.agreement[selected]),
            "consensus": _number(best["consensus"]),
            "clustered": clustered,
            "outliers": outliers,
        }
        if not np.isfinite(top["consensus"]):
            return document
        other = self.selected(statistics, top)
        document["consensus"] = {
            **{name: float(top[name]) for name in ("perplexity", "eps", "agreement", "consensus")},
            **{name: int(top[name]) for name in ("min_samples", "n_clusters", "n_outliers")},
            "sizes": [int(size) for size in top["sizes"]],
            "adjusted_rand": rand_index(votes.labels[selected], votes.labels[other]),
        }
        return document


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
