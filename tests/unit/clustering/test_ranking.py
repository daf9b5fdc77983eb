"""Scores, ranking, and the tables made of the chosen cell."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cxr.clustering.balance import balance_score, balance_scores
from cxr.clustering.countries import count_countries
from cxr.clustering.dbscan import Cells
from cxr.clustering.ranking import CELL_KEYS, RankingSettings, best_cell, choose_map, rank
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


def test_several_labellings_have_a_score_each():
    rows = np.array([[0, 0, 1, 1, -1], [0, 1, 2, 3, 4], [-1, -1, -1, -1, -1]], np.int16)
    assert balance_score(rows).tolist() == [balance_score(row) for row in rows] == [1, 0, 5]


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


def test_scores_of_a_grid_by_hand():
    """Cells of 20 points: 7, 7 and 6; none but outliers; 9 and 8 with 3 outliers."""
    cells = Cells(np.array([[3, 0, 2]]), np.array([[0, 20, 3]]), np.array([7, 7, 6, 9, 8]))
    assert balance_scores(cells, 20).tolist() == [1, 20, 4]


def test_ties_go_down_the_list():
    cells = grid(*[("tsne", 9.0, 3, 0, 7)] * 6)
    cells["eps"] = [0.5, 0.4, 0.4, 0.4, 0.4, 0.4]
    cells["seed"] = [0, 1, 0, 0, 0, 0]
    cells["perplexity"] = [9.0, 9.0, 10.0, 9.0, 9.0, 9.0]
    cells["min_samples"] = [5, 5, 5, 7, 6, 5]
    cells.loc[5, "algorithm"] = "hdbscan"
    ranking = rank(cells, 100, RULES)
    assert ranking[["min_samples", "eps", "seed", "perplexity"]].to_numpy().tolist() == [
        [6, 0.4, 0, 9],
        [7, 0.4, 0, 9],
        [5, 0.5, 0, 9],
        [5, 0.4, 1, 9],
        [5, 0.4, 0, 10],
        [5, 0.4, 0, 9],
    ]
    assert ranking["n_images"].tolist() == [100] * 6


def test_a_perplexity_at_the_limit_is_reliable():
    rules = RankingSettings(min_clusters=3, max_clusters=8, max_perplexity_share=0.25)
    cells = grid(("tsne", 25.0, 3, 0, 1), ("tsne", 25.5, 3, 0, 2), ("pca", np.nan, 3, 0, 3))
    assert rank(cells, 100, rules)["reliable"].tolist() == [True, False, True]


def test_the_chosen_map_is_the_cells():
    ranking = rank(grid(("tsne", 20.0, 3, 0, 0)).assign(seed=1), 100, RULES)
    maps = pd.DataFrame({"image_id": list("abcdef"), "x": 0.0, "y": 0.0})
    maps["method"] = ["pca"] + ["tsne"] * 5
    maps["perplexity"] = [np.nan, 10.0, 20.0, 20.0, 20.0, 10.0]
    maps["seed"] = [1, 1, 0, 1, 1, 1]
    rows, cell = choose_map(maps, ranking, "tsne")
    assert rows["image_id"].tolist() == ["d", "e"]
    assert rows.index.tolist() == [0, 1]
    assert cell["rank"] == 1
    rows, cell = choose_map(maps, ranking, "pca")
    assert rows["image_id"].tolist() == ["a"]
    assert cell is None


def test_images_without_metadata_have_an_unknown_country():
    clusters = pd.DataFrame({"image_id": list("ab"), "cluster": [1, 0]})
    metadata = pd.DataFrame({"image_id": ["a", "c"], "country": ["Italy", "China"]})
    table = count_countries(clusters, metadata)
    assert table.columns.tolist() == ["cluster", "Italy", "unknown"]
    assert table.to_numpy().tolist() == [[0, 0, 1], [1, 1, 0]]


@pytest.mark.parametrize("choose", ["consensus", "dbcv"])
def test_the_statistic_that_chooses_ranks_first_and_cells_without_it_last(choose):
    cells = grid(*[("tsne", 9.0, 3, 0, score) for score in (1, 2, 3, 4)])
    cells["min_samples"] = [5, 6, 7, 8]
    values = [np.nan, 0.5, 0.9, 0.9]
    statistics = cells[CELL_KEYS].assign(agreement=0.5, consensus=values, dbcv=values[::-1])
    rules = RankingSettings(3, 8, 1 / 3, choose)
    ranking = rank(cells, 100, rules, statistics)
    expected = {"consensus": [7, 8, 6, 5], "dbcv": [5, 6, 7, 8]}[choose]
    assert ranking["min_samples"].tolist() == expected
    assert rank(cells, 100, RULES, statistics)["min_samples"].tolist() == [5, 6, 7, 8]


def test_hdbscan_has_no_agreement():
    cells = grid(("tsne", 9.0, 3, 0, 1), ("pca", np.nan, 3, 0, 2))
    statistics = cells[CELL_KEYS].assign(agreement=[0.5, 0.4], dbcv=np.nan, consensus=np.nan)
    other = cells.head(1).assign(algorithm="hdbscan")
    ranking = rank(pd.concat([cells, other]), 100, RULES, statistics)
    values = ranking.set_index(["algorithm", "method"])["agreement"].to_dict()
    assert values[("dbscan", "tsne")] == 0.5
    assert values[("dbscan", "pca")] == 0.4
    assert np.isnan(values[("hdbscan", "tsne")])
