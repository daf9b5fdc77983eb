"""The evidence as a whole, from features to the verdict, where much or little is known."""

import json

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import make_blobs

from cxr.clustering.grid import DbscanSettings, label_map, sweep_dbscan
from cxr.clustering.ranking import RankingSettings, choose_map, rank
from cxr.config.evidence import Evidence
from cxr.embedding.knn import find_neighbours
from cxr.embedding.tsne import TsneSettings, embed_runs
from cxr.evidence.assess import StudyRecords, assess
from cxr.evidence.covariates import recorded_fields
from cxr.evidence.null_search import SIMULATIONS, simulate_null
from cxr.evidence.resampling import repeat_searches
from cxr.evidence.sample import Sample
from cxr.evidence.search import Search
from cxr.features.tables import features_table
from cxr.figures import evidence as figures

BOUNDS = {"min_clusters": 3, "max_clusters": 8, "max_perplexity_share": 1 / 3}
THRESHOLDS = Evidence().thresholds.model_dump()


def settings(**search):
    return {
        "search": {
            "perplexities": [5.0, 10.0],
            "count": 2,
            "eps": [0.2, 0.4, 0.6, 0.8],
            "min_samples": [4, 6],
            "initialization": "pca",
            **BOUNDS,
            **search,
        },
        "material": {"seed": 0},
        "seed": 0,
        "resamples": 10,
        "permutations": 99,
        "splits": 5,
        "thresholds": THRESHOLDS,
    }


def cohort_of(n, patients=None, split="test"):
    ids = [f"i{i:03d}" for i in range(n)]
    owners = [f"p{i % (patients or n):03d}" for i in range(n)]
    table = pd.DataFrame({"image_id": ids, "class": "a", "split": split, "patient_id": owners})
    return table.assign(split_group=owners)


def study(features, cohort, metadata=None, told=None, sample=500, controls=()):
    """What the workflow's jobs make of features: evidence, and the tables behind it."""
    told = told or settings()
    table = features_table(cohort, features)
    material = Sample.of(table, cohort, None, sample, 0)
    neighbours = find_neighbours(table["image_id"].to_numpy(str), features, 40, 1)
    runs = [(p, 0) for p in told["search"]["perplexities"]]
    maps = embed_runs(neighbours, runs, TsneSettings(), 1)
    grid = sweep_dbscan(maps, DbscanSettings(told["search"]["eps"], told["search"]["min_samples"]))
    embeddings = maps.to_pandas()
    ranking = rank(grid.to_pandas(), len(cohort), RankingSettings(**BOUNDS))
    draws = SIMULATIONS.empty_table().to_pandas()
    if material.enough(THRESHOLDS):
        search = Search.of(told["search"], len(material.image_ids))
        for subject in ("features", *controls):
            null = simulate_null(
                material.features, material.patients, search, "gaussian", range(1, 40), 0
            )
            draws = pd.concat([draws, null.assign(subject=subject)], ignore_index=True)
    metadata = pd.DataFrame({"image_id": cohort["image_id"]}) if metadata is None else metadata
    records = StudyRecords(
        clusters=label_map(*choose_map(embeddings, ranking, "tsne")),
        ranking=ranking,
        embeddings=embeddings,
        fields=recorded_fields(metadata, cohort),
        patients=cohort.set_index("image_id")["patient_id"],
        replicates=draws,
        repeats=repeat_searches(material, [], ranking, told),
        controls=dict.fromkeys(controls, material),
    )
    return assess(material, records, told), records


def blobs(n, width=12):
    points, truth = make_blobs(
        n, width, centers=3, cluster_std=1.0, center_box=(-12, 12), random_state=5
    )
    return points, truth


def plain(weighed):
    """The document as it is read back; a NaN in it would be an error."""
    return json.loads(json.dumps(weighed.document, allow_nan=False))


def test_planted_clusters_are_stable_and_not_explained():
    points, _ = blobs(120)
    weighed, _ = study(points, cohort_of(120), controls=("pixels",))
    document = plain(weighed)
    assert document["verdict"]["verdict"] == "clusters, stable, not explained by recorded fields"
    assert document["nulls"]["gaussian"]["p"] == 0.05
    assert document["n_clusters"] == 3
    assert document["controls"]["pixels"]["adjusted_rand"] > 0.95
    assert document["sensitivity"]["share"] > 0
    assert weighed.maps["subject"].unique().tolist() == ["features", "pixels"]


def test_a_scanner_that_is_the_clusters_explains_them():
    points, truth = blobs(120)
    cohort = cohort_of(120)
    places = np.array(["Rome", "Milan", "Turin"], dtype=object)[truth]
    metadata = pd.DataFrame(
        {
            "image_id": cohort["image_id"],
            "location": places,
            "sex": np.array(["M", "F"], dtype=object)[np.arange(120) % 2],
        }
    )
    document = plain(study(points, cohort, metadata)[0])
    assert document["verdict"]["verdict"] == "clusters, explained by location"
    assert document["explained_by"]["ami"] > 0.95


def test_one_cloud_has_no_clusters(rng):
    document = plain(study(rng.normal(size=(120, 20)), cohort_of(120, 80))[0])
    assert document["verdict"]["verdict"] == "no clusters beyond chance"


def few(rng):
    return rng.normal(size=(12, 5)), cohort_of(12), None, settings()


def few_patients(rng):
    return blobs(60)[0], cohort_of(60, 8), None, settings()


def no_cell(rng):
    return rng.normal(size=(60, 5)), cohort_of(60), None, settings(eps=[1e-6])


def no_perplexity(rng):
    return rng.normal(size=(60, 5)), cohort_of(60), None, settings(perplexities=[50.0])


@pytest.mark.parametrize(
    ("case", "reason"),
    [
        (few, "12 images are too few, 30 are needed"),
        (few_patients, "8 patients are too few, 20 are needed"),
        (no_cell, "no cell of the grid has a number of clusters that qualifies"),
        (no_perplexity, "no cell of the grid has a number of clusters that qualifies"),
    ],
)
def test_what_is_missing_is_said(case, reason, rng):
    document = plain(study(*case(rng))[0])
    assert document["verdict"]["verdict"] == f"inconclusive: {reason}"
    assert reason in document["verdict"]["sentence"]


@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")
def test_features_that_are_all_alike_have_no_clusters():
    document = plain(study(np.ones((60, 5)), cohort_of(60))[0])
    assert document["verdict"]["verdict"] == "no clusters beyond chance"


@pytest.mark.parametrize("countries", [None, ["Italy"], [None]], ids=["none", "one", "all null"])
def test_countries_that_tell_nothing_are_no_error(countries):
    points, _ = blobs(60)
    cohort = cohort_of(60)
    metadata = pd.DataFrame({"image_id": cohort["image_id"], "view": "PA"})
    if countries:
        metadata["country"] = pd.Series(countries * 60, dtype=object)
    weighed, _ = study(points, cohort, metadata)
    document = plain(weighed)
    assert document["verdict"]["verdict"].startswith("clusters, stable")
    assert all(given["p"] is None for given in document["country_within"].values())
    assert weighed.associations["p"].isna().all()


def test_of_many_images_whole_patients_are_searched_again():
    points, _ = blobs(200)
    cohort = cohort_of(200, 50)
    weighed, records = study(points, cohort, sample=90)
    document = plain(weighed)
    assert document["n_images"] == 200
    assert 80 < document["n_sampled"] <= 90
    chosen = set(records.repeats["image_id"])
    assert all(
        set(images) <= chosen or not set(images) & chosen
        for _, images in cohort.groupby("patient_id")["image_id"]
    )
    assert document["verdict"]["verdict"].startswith("clusters, stable")


def test_the_same_again():
    points, _ = blobs(60)
    one, _ = study(points, cohort_of(60, 30))
    two, _ = study(points, cohort_of(60, 30))
    assert one.document == two.document
    pd.testing.assert_frame_equal(one.associations, two.associations)


@pytest.mark.parametrize("case", [few, no_cell, None], ids=["few", "no cell", "clusters"])
def test_figures_are_drawn_of_any_evidence(case, rng):
    given = case(rng) if case else (blobs(60)[0], cohort_of(60))
    weighed, records = study(*given)
    document = plain(weighed)
    drawn = [
        figures.nulls(document, records.replicates),
        figures.stability(document, records.clusters, records.repeats),
        figures.associations(weighed.associations, document),
        figures.controls(document, weighed.maps),
    ]
    for figure in drawn:
        figure.canvas.draw()
        assert figure.axes


def test_the_fields_of_an_image():
    cohort = cohort_of(3).assign(split=["train", "test", "test"])
    metadata = pd.DataFrame(
        {
            "image_id": cohort["image_id"],
            "format": ["jpeg", "png", None],
            "age_years": [19.9, 20, None],
            "date": ["2020", "2020-03-04", None],
            "country": [None, None, None],
            "width": [100, 200, 300],
        }
    )
    fields = recorded_fields(metadata, cohort, pd.Series([1.0, 2.0, 3.0], index=cohort["image_id"]))
    assert fields["format"].tolist() == ["jpeg", "png", None]
    assert fields["age_band"].tolist() == ["0 to 19", "20 to 39", None]
    assert fields["month"].tolist() == [None, "2020-03", None]
    assert fields["split"].tolist() == ["train", "test", "test"]
    assert fields["intensity"].tolist() == [1, 2, 3]
    assert "country" not in fields
