"""The figure of the votes shows each clustering and each pair of perplexities."""

import numpy as np
import pandas as pd
import pytest

from cxr.clustering.cells import VOTES
from cxr.core.io import read_table, write_table
from cxr.figures.votes import votes

RANKING = pd.DataFrame(
    {
        "method": ["tsne"],
        "algorithm": "dbscan",
        "reliable": True,
        "perplexity": 5.0,
        "agreement": 0.8,
        "n_images": 30,
    }
)
# 11 exceeds a third of the images, PCA has no perplexity, 9 has no clustering that votes.
GRID = pd.DataFrame({"perplexity": [5.0, 7.0, 9.0, 10.0, 11.0, np.nan]})
ROWS = [
    (5.0, 2, 0.5, [None, 1.0, 0.0, 0.5]),
    (5.0, 3, 0.8, [None, 0.5, 0.0, 0.0]),
    (7.0, 2, 0.7, [0.75, None, 0.0, 0.25]),
    (10.0, 4, 0.6, [0.25, 0.25, 0.0, None]),
]


@pytest.fixture
def table(tmp_path):
    """The votes as they come from their file."""
    rows = pd.DataFrame(ROWS, columns=["perplexity", "n_clusters", "agreement", "by_perplexity"])
    rows = rows.assign(seed=0, eps=0.4, min_samples=5, n_cells=1, n_outliers=1)
    write_table(rows[VOTES.names], tmp_path / "votes.parquet", schema=VOTES)
    return read_table(tmp_path / "votes.parquet")


def texts(figure):
    return [text.get_text() for ax in figure.axes for text in ax.texts]


def test_each_pair_of_perplexities_has_the_mean_of_its_clusterings(table):
    right = votes(table, GRID, RANKING, 1 / 3).axes[1]
    shown = np.ma.filled(right.images[0].get_array().astype(float), np.nan)
    nan = np.nan
    expected = [
        [nan, 0.75, nan, 0.25],
        [0.75, nan, nan, 0.25],
        [nan, nan, nan, nan],
        [0.25, 0.25, nan, nan],
    ]
    np.testing.assert_array_equal(shown, expected)
    assert [label.get_text() for label in right.get_xticklabels()] == ["5", "7", "9", "10"]


def test_clusterings_differ_by_their_number_of_clusters_and_the_selected_one_is_ringed(table):
    left = votes(table, GRID, RANKING, 1 / 3).axes[0]
    assert [len(points.get_offsets()) for points in left.collections] == [2, 1, 1]
    looks = {tuple(points.get_facecolor()[0]) for points in left.collections}
    assert len(looks) == 3
    (ring,) = left.lines
    assert (ring.get_xdata()[0], ring.get_ydata()[0]) == (5.0, 0.8)


def test_a_selected_clustering_without_an_agreement_is_not_ringed(table):
    ranking = RANKING.assign(agreement=np.nan)
    assert not votes(table, GRID, ranking, 1 / 3).axes[0].lines


def test_no_votes_and_one_perplexity_are_said(table):
    none = votes(table.iloc[:0], GRID.iloc[:0], RANKING.iloc[:0], 1 / 3)
    assert texts(none) == ["no clustering votes"] * 2
    alone = table.iloc[:2].assign(agreement=0.0)
    alone["by_perplexity"] = [[np.nan, 0.0, 0.0, 0.0]] * 2
    alone = votes(alone, GRID, RANKING, 1 / 3)
    assert texts(alone) == ["no two perplexities have clusterings that vote"] * 2
