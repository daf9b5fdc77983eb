"""Scores, ranking, and the tables made of the chosen cell."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cxr.clustering.balance import balance_score
from cxr.clustering.countries import count_countries
from cxr.clustering.ranking import RankingSettings, best_cell, choose_map, rank
from cxr.core.errors import InputError

RULES = RankingSettings(min_clusters=3, max_clusters=8, max_perplexity_share=1 / 3)


def labelling(outliers, *sizes):
    return np.repeat(np.arange(-1, len(sizes)), [outliers, *sizes])


@pytest.mark.parametrize(
    ("outliers", "sizes", "expected"),
    [
        (7, (31, 71, 70), 48),  # the winning cell of 2020: (71-31) + 0 + 1 + 7
        (0, (5, 5, 5), 0),
        (10, (), 10),
        (9, (3, 3), 21),  # the outliers are the largest group: 6 + 6 + 9
        (0, (4,), 0),
    ],
)
def test_the_balance_score_is_the_one_of_2020(outliers, sizes, expected):
    assert balance_score(labelling(outliers, *sizes)) == expected


def test_a_labelling_of_nothing_has_no_score():
    with pytest.raises(ValueError, match="no points"):
        balance_score(np.array([], dtype=int))


@given(st.integers(0, 20), st.lists(st.integers(1, 20), max_size=6), st.randoms())
def test_the_score_depends_on_sizes_alone(outliers, sizes, random):
    labels = labelling(outliers, *sizes)
    if len(labels):
        names = list(range(len(sizes)))
        random.shuffle(names)
        renamed = np.array([-1 if label < 0 else names[label] for label in labels])
        random.shuffle(renamed)
        assert balance_score(renamed) == balance_score(labels) >= 0


def grid(*rows):
    columns = ["method", "perplexity", "n_clusters", "n_outliers", "balance_score"]
    table = pd.DataFrame(rows, columns=columns)
    return table.assign(seed=0, eps=0.4, min_samples=5, min_cluster_size=None, algorithm="dbscan")


def test_ranking_keeps_qualifying_cells_best_first_and_marks_unreliable_ones():
    cells = grid(
        ("tsne", 50.0, 3, 0, 1),
        ("tsne", 10.0, 3, 4, 9),
        ("tsne", 11.0, 8, 2, 9),
        ("tsne", 12.0, 2, 0, 0),
        ("tsne", 13.0, 9, 0, 0),
        ("pca", np.nan, 3, 9, 30),
    )
    ranking = rank(cells, 100, RULES)
    assert ranking["rank"].tolist() == [1, 2, 3, 4]
    assert ranking["perplexity"].tolist()[:3] == [50.0, 11.0, 10.0]
    assert ranking["reliable"].tolist() == [False, True, True, True]
    assert best_cell(ranking, "tsne")["perplexity"] == 11.0
    assert best_cell(ranking, "pca")["balance_score"] == 30


def test_hdbscan_is_ranked_but_dbscan_is_chosen():
    cells = grid(("tsne", 9.0, 3, 0, 7), ("tsne", 9.0, 3, 0, 2), ("tsne", 9.0, 3, 0, 7))
    cells["algorithm"] = ["hdbscan", "hdbscan", "dbscan"]
    ranking = rank(cells, 100, RULES)
    assert ranking["algorithm"].tolist() == ["hdbscan", "dbscan", "hdbscan"]
    assert best_cell(ranking, "tsne")["rank"] == 2
    assert best_cell(ranking, "tsne", "hdbscan")["rank"] == 1


def test_without_a_qualifying_cell_the_first_map_is_shown_without_one():
    ranking = rank(grid(("tsne", 10.0, 1, 0, 0)), 100, RULES)
    maps = pd.DataFrame(
        {
            "image_id": ["a", "b"] * 2,
            "method": "tsne",
            "perplexity": [10.0, 10.0, 20.0, 20.0],
            "seed": 0,
            "x": 0.0,
            "y": 0.0,
        }
    )
    rows, cell = choose_map(maps, ranking, "tsne")
    assert ranking.empty
    assert cell is None
    assert rows["perplexity"].tolist() == [10.0, 10.0]


def test_perplexities_that_are_all_too_large_are_named():
    maps = pd.DataFrame({"image_id": ["a"], "method": "pca", "perplexity": np.nan, "seed": 0})
    with pytest.raises(InputError, match=r"embedding\.perplexities': none is below .*, 1;"):
        choose_map(maps, rank(grid(), 1, RULES), "tsne")


def test_countries_are_counted_by_cluster_with_unknown_and_outliers_last():
    clusters = pd.DataFrame({"image_id": list("abcde"), "cluster": [0, 0, 1, -1, 1]})
    metadata = pd.DataFrame(
        {"image_id": list("abcde"), "country": ["Italy", None, "China", "Italy", "Italy"]}
    )
    table = count_countries(clusters, metadata)
    assert table.columns.tolist() == ["cluster", "China", "Italy", "unknown"]
    assert table.to_numpy().tolist() == [[0, 0, 1, 1], [1, 1, 1, 0], [-1, 0, 1, 0]]


def test_countries_may_all_be_unknown():
    clusters = pd.DataFrame({"image_id": ["a"], "cluster": [0]})
    metadata = pd.DataFrame({"image_id": ["a"], "country": pd.array([None], dtype="str")})
    assert count_countries(clusters, metadata).to_numpy().tolist() == [[0, 1]]
