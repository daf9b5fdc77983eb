"""The agreement and the DBCV of a study's cells, and the tables made of the votes."""

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import make_blobs
from sklearn.metrics import adjusted_rand_score

from cxr.clustering.cells import VOTES, CellSettings, StudyCells
from cxr.clustering.grid import DbscanSettings, label_map, sweep_dbscan
from cxr.clustering.ranking import RankingSettings, best_cell, choose_map, rank
from cxr.embedding.knn import find_neighbours
from cxr.embedding.pca import principal_components
from cxr.embedding.tsne import TsneSettings, embed_runs, map_table

SETTINGS = CellSettings((0.2, 0.4, 0.8), (4, 8), 2, 8, 1 / 3, 0.3, "consensus")
GROUPS = make_blobs(90, 6, centers=[[0] * 6, [9] * 6, [0, 9] * 3], random_state=2)


@pytest.fixture(scope="module")
def study():
    """The maps of three groups, one of them beyond the share of the perplexities, and the PCA."""
    features, ids = GROUPS[0], np.array([f"i{i:02d}" for i in range(90)])
    neighbours = find_neighbours(ids, features, 60, 1)
    runs = [(5.0, 0), (5.0, 1), (15.0, 0), (25.0, 0), (60.0, 0)]
    maps = embed_runs(neighbours, runs, TsneSettings(), 1).to_pandas()
    pca = map_table(ids, "pca", principal_components(features)).to_pandas()
    embeddings = pd.concat([maps, pca], ignore_index=True)
    import pyarrow as pa

    cells = DbscanSettings(SETTINGS.eps, SETTINGS.min_samples)
    grid = sweep_dbscan(pa.Table.from_pandas(embeddings, preserve_index=False), cells).to_pandas()
    return embeddings, grid


@pytest.fixture(scope="module")
def cells(study):
    return StudyCells(study[0], SETTINGS)


def ranked(study, cells, choose="consensus"):
    settings = RankingSettings(2, 8, 1 / 3, choose)
    return rank(study[1], 90, settings, cells.statistics())


def test_every_usable_cell_of_reliable_maps_has_an_agreement(study, cells):
    ranking = ranked(study, cells)
    few = ranking["n_outliers"] <= 0.3 * 90
    assert ranking.loc[few & ranking["reliable"], "agreement"].notna().all()
    assert ranking.loc[~ranking["reliable"], "agreement"].isna().all()
    assert ranking.loc[~few, "agreement"].isna().all()
    assert cells.votes.perplexities.tolist() == [5, 15, 25]


def test_the_selected_clustering_is_the_planted_one_and_agrees_fully(study, cells):
    ranking, statistics = ranked(study, cells), cells.statistics()
    clusters = label_map(*choose_map(study[0], ranking, "tsne"))
    assert adjusted_rand_score(GROUPS[1], clusters["cluster"]) == 1
    selected = cells.selected(statistics, best_cell(ranking, "tsne"))
    agreement = cells.image_agreement(selected)
    assert agreement.index.tolist() == clusters["image_id"].tolist()
    assert 0.9 < agreement.min() <= agreement.max() <= 1
    assert adjusted_rand_score(cells.votes.labels[selected], clusters["cluster"]) == 1
    assert cells.selected(statistics, best_cell(ranking, "pca")) is not None
    assert cells.selected(statistics, None) is None
    assert cells.image_agreement(None).isna().all()


def test_the_votes_are_the_distinct_clusterings_of_the_maps(study, cells):
    table = cells.vote_table()
    assert table.schema == VOTES
    votes = table.to_pandas()
    assert set(votes["perplexity"]) == {5, 15, 25}
    for _, row in votes.iterrows():
        others = [value for value in row["by_perplexity"] if np.isfinite(value)]
        assert len(others) == 2
        assert row["agreement"] == pytest.approx(np.mean(others))
    usable = study[1]["n_clusters"].between(2, 8) & (study[1]["perplexity"] < 30)
    assert votes["n_cells"].sum() <= usable.sum()


def test_the_summary_tells_the_vote_and_the_consensus_beside_a_balanced_clustering(study, cells):
    for choose in ("consensus", "balance"):
        summary = cells.summary(ranked(study, cells, choose), cells.statistics())
        assert summary["perplexities"] == 3
        assert sum(summary["n_clusters"].values()) == pytest.approx(1)
        assert max(summary["n_clusters"], key=summary["n_clusters"].get) == "3"
        assert summary["consensus"]["n_clusters"] == 3
        assert summary["selected"]["agreement"] <= summary["consensus"]["agreement"]
        assert summary["consensus"]["adjusted_rand"] > 0.9


def test_a_study_without_a_usable_clustering_has_no_vote(study):
    cells = StudyCells(study[0], CellSettings((1e-6,), (4,), 2, 8, 1 / 3, 0.3, "consensus"))
    ranking = rank(study[1].head(0), 90, RankingSettings(2, 8, 1 / 3), cells.statistics())
    summary = cells.summary(ranking, cells.statistics())
    assert (summary["clusterings"], summary["selected"], summary["consensus"]) == (0, None, None)
    assert cells.vote_table().num_rows == 0


def test_of_many_images_the_dbcv_is_that_of_a_part(study, cells, monkeypatch):
    whole = cells.statistics()["dbcv"]
    monkeypatch.setattr("cxr.clustering.cells.DBCV_IMAGES", 60)
    part = cells.statistics()["dbcv"]
    assert not part.equals(whole)
    assert np.abs(part - whole).median() < 0.1


def test_consensus_is_the_mean_of_agreement_and_dbcv(cells):
    statistics = cells.statistics().dropna()
    expected = (statistics["agreement"] + statistics["dbcv"]) / 2
    np.testing.assert_allclose(statistics["consensus"], expected)
    assert len(statistics) > 10


def test_the_highest_dbcv_is_first_where_it_chooses(study):
    settings = CellSettings((0.2, 0.4, 0.8), (4, 8), 2, 8, 1 / 3, 0.3, "dbcv")
    chosen = StudyCells(study[0], settings)
    ranking = ranked(study, chosen, "dbcv")
    reliable = ranking.loc[ranking["reliable"]]
    assert reliable["dbcv"].is_monotonic_decreasing
    assert reliable["dbcv"].iloc[0] > 0.5
