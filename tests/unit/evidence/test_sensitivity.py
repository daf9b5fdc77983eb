"""The cells nearly as good as the best one, and whether they agree with it."""

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import adjusted_rand_score

from cxr.evidence.sensitivity import cell_sensitivity

CELL = {
    "method": "tsne",
    "algorithm": "dbscan",
    "reliable": True,
    "perplexity": 5.0,
    "seed": 0,
    "eps": 0.5,
    "min_samples": 2,
    "n_clusters": 3,
    "balance_score": 10,
}


def places(*lengths):
    """Points on a line, in groups far apart."""
    return np.repeat(np.arange(len(lengths)) * 100.0, lengths)


def maps(*xs):
    """One map a perplexity, from 5 on."""
    tables = []
    for i, x in enumerate(xs):
        ids = [f"i{j:02d}" for j in range(len(x))]
        table = pd.DataFrame({"image_id": ids, "x": x, "y": 0.0})
        tables.append(table.assign(method="tsne", perplexity=5.0 + i, seed=0))
    return pd.concat(tables, ignore_index=True)


def ranking(*changes):
    return pd.DataFrame([CELL | change for change in changes])


def test_similar_cells_have_as_many_clusters_and_a_score_within_a_tenth():
    cells = ranking(
        {},
        {"balance_score": 11},
        {"balance_score": 12},
        {"n_clusters": 2},
        {"n_clusters": 4},
        {"balance_score": 11, "reliable": False},
        {"balance_score": 11, "algorithm": "hdbscan"},
        {"balance_score": 11, "method": "pca"},
    )
    result = cell_sensitivity(maps(places(4, 4, 4)), cells, "balance")
    assert result == {"usable": 5, "similar": 2, "share": 2 / 5, "adjusted_rand": 1.0}


def test_by_consensus_similar_cells_agree_nearly_as_well():
    cells = ranking(*({"consensus": value} for value in (0.8, 0.73, 0.71, np.nan)))
    result = cell_sensitivity(maps(places(4, 4, 4)), cells, "consensus")
    assert (result["usable"], result["similar"]) == (4, 2)
    unvoted = ranking({"consensus": np.nan})
    assert cell_sensitivity(maps(places(4, 4, 4)), unvoted, "consensus")["share"] is None


def test_agreement_is_the_mean_over_pairs():
    three = places(4, 4, 4), places(4, 4, 4), places(6, 3, 3)
    cells = ranking({}, {"perplexity": 6.0}, {"perplexity": 7.0})
    result = cell_sensitivity(maps(*three), cells, "balance")
    labels = [np.repeat([0, 1, 2], sizes) for sizes in ([4, 4, 4], [6, 3, 3])]
    other = adjusted_rand_score(*labels)
    assert result["adjusted_rand"] == pytest.approx((1 + 2 * other) / 3)


def test_one_cell_agrees_with_nothing_and_none_is_none():
    assert cell_sensitivity(maps(places(4, 4, 4)), ranking({}), "balance")["adjusted_rand"] is None
    none = {"usable": 0, "similar": 0, "share": None, "adjusted_rand": None}
    assert cell_sensitivity(maps(places(4, 4)), ranking({}).iloc[:0], "balance") == none


@pytest.mark.parametrize(
    ("different", "compared"), [(0, True), (14, True), (29, False), (30, True)]
)
def test_thirty_cells_are_compared_the_first_and_the_last_among_them(different, compared):
    xs = [places(6, 3, 3) if i == different else places(4, 4, 4) for i in range(31)]
    cells = ranking(*({"perplexity": 5.0 + i} for i in range(31)))
    result = cell_sensitivity(maps(*xs), cells, "balance")
    assert (result["similar"], result["share"]) == (31, 1)
    assert (result["adjusted_rand"] < 1) == compared
