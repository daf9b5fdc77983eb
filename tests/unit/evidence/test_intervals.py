"""Stability's intervals, the search's cells and the parts of the evidence, on small numbers."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hdbscan.validity import validity_index
from sklearn.cluster import DBSCAN
from sklearn.datasets import make_blobs
from sklearn.metrics import adjusted_rand_score

from cxr.clustering.balance import balance_score
from cxr.evidence.assess import AssessmentSettings, StudyRecords, assess
from cxr.evidence.feature_clusters import cluster_features
from cxr.evidence.null_models import fit_null
from cxr.evidence.null_search import NullSettings, search_simulations, simulate_null
from cxr.evidence.sample import Sample, SampleSettings
from cxr.evidence.search import SearchGrid, SearchSettings, search
from cxr.evidence.stability import Stability, jaccards
from cxr.evidence.thresholds import MinimumSize, Thresholds

GRID = SearchGrid((5.0, 10.0), (0.25, 0.5), (3, 4), 2, 4, 1 / 3, "balance")


@pytest.fixture(scope="module")
def points():
    return make_blobs(42, 5, centers=3, cluster_std=1.2, center_box=(-8, 8), random_state=4)[0]


def test_an_interval_holds_95_percent_of_the_repetitions():
    reference = np.zeros(200, int)
    stability = Stability(reference)
    for size in range(101):
        stability.add("start", np.arange(100), np.where(np.arange(100) < size, 0, -1))
    result = stability.summary()["start"]
    cluster = result["clusters"][0]
    assert (cluster["low"], cluster["high"]) == (pytest.approx(0.025), pytest.approx(0.975))
    assert (cluster["mean"], cluster["grade"]) == (pytest.approx(0.5), "unstable")
    assert result["repetitions"] == 101
    assert Stability(reference).summary() == {}


def test_outliers_are_together_with_nobody():
    stability = Stability(np.array([0, 0, 1]))
    stability.add("start", np.array([0, 1]), np.array([-1, -1]))
    stability.add("start", np.array([0, 1]), np.array([0, 0]))
    consensus = stability.consensus()
    assert consensus[0, 1] == 0.5
    assert (consensus[2] == 0).all(), "never there"


def test_repetitions_are_matched_by_image():
    repeats = pd.DataFrame(
        {
            "kind": ["start"] * 3 + ["bootstrap"] * 2,
            "turn": [0, 0, 0, 1, 1],
            "sample": 0,
            "image_id": list("cbaab"),
            "cluster": [1, 0, 0, 5, 5],
        }
    )
    stability = Stability.of(np.array([0, 0, 1]), np.array(list("abc")), repeats)
    result = stability.summary()
    assert [c["mean"] for c in result["start"]["clusters"]] == [1, 1]
    assert result["start"]["adjusted_rand"] == {"mean": 1, "low": 1, "high": 1}
    absent = result["bootstrap"]["clusters"][1]
    assert (absent["mean"], absent["low"], absent["high"]) == (0, None, None)


def test_the_best_match_is_over_all_clusters():
    reference, labels = np.array([0, 0, 0, 0, 1, 1]), np.array([1, 0, 0, 0, -1, 0])
    np.testing.assert_allclose(jaccards(reference, labels, 2), [3 / 5, 1 / 5])


def test_the_search_is_the_best_of_every_cell(points):
    """Each cell clustered by scikit-learn, its DBCV by hdbscan."""
    result = search(points, GRID)
    scored, validity = [], []
    for perplexity in GRID.perplexities:
        xy = search(points, replace(GRID, perplexities=(perplexity,))).xy
        if not xy.any():
            continue
        for eps in GRID.eps:
            for count in GRID.min_samples:
                labels = DBSCAN(eps=eps, min_samples=count).fit_predict(xy)
                if GRID.min_clusters <= labels.max() + 1 <= GRID.max_clusters:
                    outliers = int((labels == -1).sum())
                    scored.append((balance_score(labels), outliers, perplexity, eps, count))
                    validity.append((validity_index(xy.astype(float), labels), labels))
    best = min(scored)
    assert (result.balance_score, result.perplexity, result.eps, result.min_samples) == (
        best[0],
        *best[2:],
    )
    assert (result.labels == -1).sum() == best[1]
    by_dbcv = search(points, replace(GRID, choose="dbcv"))
    highest = max(value for value, _ in validity)
    best_labels = [labels for value, labels in validity if value > highest - 1e-6]
    assert result.dbcv == by_dbcv.dbcv == pytest.approx(highest, abs=1e-6)
    plain = search(points, GRID, with_statistics=False)
    assert (plain.agreement, plain.dbcv) == (0, -np.inf)
    assert plain.labels.tolist() == search(points, GRID).labels.tolist()
    assert any(adjusted_rand_score(labels, by_dbcv.labels) == 1 for labels in best_labels)
    assert result.n_clusters == result.labels.max() + 1


def test_bounds_of_usable_cells_are_included(points):
    found = search(points, GRID).n_clusters
    exact = search(points, replace(GRID, min_clusters=found, max_clusters=found))
    assert exact.n_clusters == found
    assert search(points, replace(GRID, min_clusters=41, max_clusters=42)).n_clusters == 0


def test_perplexities_are_below_the_share_and_the_number_of_images():
    grid = replace(GRID, perplexities=(5.0, 10.0, 10.5, 19.0, 20.0), max_perplexity_share=0.5)
    assert grid.usable_perplexities(20) == [5, 10]
    assert grid.usable_perplexities(21) == [5, 10, 10.5]
    whole = replace(grid, max_perplexity_share=2.0)
    assert whole.usable_perplexities(20) == [5, 10, 10.5, 19]
    many = SearchSettings(replace(GRID, perplexities=tuple(map(float, range(1, 10)))), 3)
    assert many.grid_for(100).perplexities == (1, 5, 9)


def test_a_simulation_depends_on_its_number_and_the_seed(points):
    names = np.arange(42).astype(str)
    whole = simulate_null(points, names, GRID, "gaussian", range(1, 4), 5)
    assert whole["replicate"].tolist() == [1, 2, 3]
    second = simulate_null(points, names, GRID, "gaussian", range(2, 3), 5)
    assert second.iloc[0].to_dict() == whole.iloc[1].to_dict()
    other = simulate_null(points, names, GRID, "gaussian", range(2, 3), 6)
    assert other["agreement"].iloc[0] != second["agreement"].iloc[0]
    third = fit_null(points, names, "gaussian", 5)(np.random.default_rng([5, 3, 0]))
    assert whole["feature_dbcv"].iloc[2] == cluster_features(third, GRID).dbcv
    sample = Sample(names, points, names)
    settings = NullSettings(
        "pixels",
        "gaussian",
        1,
        3,
        5,
        None,
        MinimumSize(42, 42),
        SampleSettings(None, 99, 0),
        SearchSettings(GRID, 2),
    )
    table = search_simulations(sample, settings)
    assert table["agreement"].tolist() == whole["agreement"].tolist()
    assert set(table["subject"]) == {"pixels"}
    assert search_simulations(sample, replace(settings, minimum=MinimumSize(43, 1))).empty


@pytest.fixture(scope="module")
def evidence(points):
    """The evidence of 42 mapped images of 21 patients, and the search that it rests on."""
    ids = np.array([f"i{i:02d}" for i in range(42)])
    owners = np.repeat([f"p{i:02d}" for i in range(21)], 2)
    sample, found = Sample(ids, points, owners), search(points, GRID)
    clusters = pd.DataFrame({"image_id": ids, "x": found.xy[:, 0], "y": found.xy[:, 1]})
    clusters["cluster"] = found.labels
    cell = {"method": "tsne", "algorithm": "dbscan", "reliable": True, "seed": 0}
    cell |= {"perplexity": found.perplexity, "eps": found.eps, "min_samples": found.min_samples}
    cell |= {"n_clusters": found.n_clusters, "balance_score": found.balance_score, "n_images": 42}
    nulls = {
        "consensus": [-0.5] * 9,
        "agreement": [0.0] * 9,
        "balance_score": [99.0] * 9,
        "dbcv": [-0.9] * 9,
        "feature_dbcv": [-np.inf] * 9,
    }
    nulls = pd.DataFrame(nulls).assign(null="gaussian", replicate=range(1, 10), sample=0)
    country = pd.Series(np.array(["x", "y", "z", "w", "v"])[found.labels], ids, dtype=object)
    records = StudyRecords(
        clusters=clusters,
        ranking=pd.DataFrame([cell]),
        embeddings=clusters.assign(method="tsne", perplexity=found.perplexity, seed=0),
        fields=pd.DataFrame({"country": country, "doi": country, "sex": ["M", "F"] * 21}),
        patients=pd.Series(owners, ids),
        simulations=pd.concat([nulls.assign(subject=s) for s in ("features", "pixels")]),
        repeats=clusters.assign(kind="start", turn=0, sample=0).drop(columns=["x", "y"]),
        controls={"pixels": sample},
        planted=pd.Series(dtype=object),
    )
    settings = AssessmentSettings(
        ("pixels",),
        19,
        1,
        0,
        None,
        Thresholds(0.05, 0.3, 0.75, 30, 20),
        SampleSettings(None, 500, 0),
        SearchSettings(GRID, 2),
    )
    return assess(sample, records, settings), found, records, settings, sample


def test_the_parts_of_the_evidence_are_those_of_its_search(evidence, points):
    result, found, *_ = evidence
    document = result.document
    assert (document["n_images"], document["n_patients"], document["n_sampled"]) == (42, 21, 42)
    assert document["n_clusters"] == found.n_clusters
    assert document["insufficient"] is None
    assert document["search"] == {"maps": 2, "perplexities": [5, 10]}
    assert document["nulls"]["gaussian"]["p"] == pytest.approx(1 / 10)
    assert document["nulls"]["gaussian"]["role"] == "primary"
    control = document["controls"]["pixels"]
    assert control["n_clusters"] == found.n_clusters
    assert control["adjusted_rand"] == control["adjusted_rand_searched"] == 1
    assert control["p"] == pytest.approx(1 / 10)
    features = cluster_features(points, GRID)
    assert document["feature_clusters"]["dbcv"] == features.dbcv
    assert document["feature_clusters"]["p"] == pytest.approx(1 / 10)
    assert document["faithfulness"]["neighbours"] == 10
    assert [c["mean"] for c in document["stability"]["start"]["clusters"]] == (
        [1] * found.n_clusters
    )
    assert document["sensitivity"]["usable"] == 1
    assert set(document["country_within"]) == {"doi"}
    assert document["thresholds"]["alpha"] == 0.05
    assert document["verdict"]["verdict"] == "no clusters beyond chance"


def test_the_best_maps_are_kept(evidence):
    result, found, *_ = evidence
    assert result.maps["subject"].tolist() == ["features"] * 42 + ["pixels"] * 42
    np.testing.assert_array_equal(result.maps[["x", "y"]].to_numpy()[:42], found.xy)
    assert result.maps["cluster"].tolist() == found.labels.tolist() * 2


def test_of_few_images_less_than_half_are_neighbours(evidence):
    _, _, records, settings, sample = evidence
    few = Sample(sample.image_ids[:20], sample.features[:20], sample.patients[:20])
    lower = replace(
        settings, thresholds=replace(settings.thresholds, min_images=20, min_patients=10)
    )
    document = assess(few, replace(records, controls={}), lower).document
    assert document["faithfulness"]["neighbours"] == 9
    assert document["n_sampled"] == 20
    assert document["controls"] == {}
    short = assess(few, replace(records, controls={}), settings).document
    assert short["insufficient"] == "20 images are too few, 30 are needed"
    assert (short["search"], short["feature_clusters"]) == (None, None)
