"""The evidence as a whole, from features to the verdict."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import make_blobs

from cxr.clustering.cells import CellSettings, StudyCells
from cxr.clustering.grid import DbscanSettings, label_map, sweep_dbscan
from cxr.clustering.ranking import RankingSettings, choose_map, rank
from cxr.config.evidence import Evidence
from cxr.embedding.knn import find_neighbours
from cxr.embedding.tsne import TsneSettings, embed_runs
from cxr.evidence.assess import AssessmentSettings, StudyRecords, assess
from cxr.evidence.covariates import recorded_fields
from cxr.evidence.feature_comparison import SHOWN
from cxr.evidence.null_search import SIMULATIONS, NullSettings, search_simulations
from cxr.evidence.planted import compare_with_planted
from cxr.evidence.resampling import ResamplingSettings, repeat_searches
from cxr.evidence.sample import Sample, SampleSettings
from cxr.evidence.search import SearchGrid, SearchSettings
from cxr.evidence.thresholds import Thresholds
from cxr.features.tables import features_table
from cxr.figures import evidence as figures
from cxr.metadata.fields import type_fields
from cxr.sources import ieee8023
from cxr.synthetic.cohort import write_cohort
from cxr.synthetic.settings import SyntheticCohort

BOUNDS = {"min_clusters": 3, "max_clusters": 8, "max_perplexity_share": 1 / 3}
BALANCE = {"max_outliers": 0.3, "choose": "balance"}
THRESHOLDS = Thresholds(**Evidence().thresholds.model_dump())


def settings(**search):
    grid = SearchGrid(
        **{
            "perplexities": (5.0, 10.0),
            "eps": (0.2, 0.4, 0.6, 0.8),
            "min_samples": (4, 6),
            **BOUNDS,
            **search,
        }
    )
    return AssessmentSettings(
        controls=(),
        permutations=99,
        splits=5,
        seed=0,
        within=None,
        thresholds=THRESHOLDS,
        sample=SampleSettings(None, 500, 0),
        search=SearchSettings(grid, n_perplexities=2),
    )


def cohort_of(n, patients=None, split="test"):
    ids = [f"i{i:03d}" for i in range(n)]
    owners = [f"p{i % (patients or n):03d}" for i in range(n)]
    table = pd.DataFrame({"image_id": ids, "class": "a", "split": split, "patient_id": owners})
    return table.assign(split_group=owners)


def study(features, cohort, metadata=None, options=None, controls=(), planted=None):
    """The workflow's jobs from features to the evidence, and the tables that it rests on."""
    options = options or settings()
    table, sampling = features_table(cohort, features), options.sample
    sample = Sample.of(table, cohort, sampling)
    neighbours = find_neighbours(table["image_id"].to_numpy(str), features, 40, 1)
    grid = options.search.grid
    runs = [(p, 0) for p in grid.perplexities]
    maps = embed_runs(neighbours, runs, TsneSettings(), 1)
    cells = sweep_dbscan(maps, DbscanSettings(grid.eps, grid.min_samples))
    embeddings = maps.to_pandas()
    labelled = StudyCells(embeddings, CellSettings(grid.eps, grid.min_samples, **BOUNDS, **BALANCE))
    rules = RankingSettings(**BOUNDS)
    ranking = rank(cells.to_pandas(), len(cohort), rules, labelled.statistics())
    simulations = SIMULATIONS.empty_table().to_pandas()
    minimum = THRESHOLDS.minimum
    metadata = pd.DataFrame({"image_id": cohort["image_id"]}) if metadata is None else metadata
    fields = recorded_fields(metadata, cohort)
    for subject in ("features", *controls):
        null = NullSettings(
            subject, "gaussian", 1, 39, 0, options.within, minimum, sampling, options.search
        )
        more = search_simulations(sample, null, fields)
        simulations = pd.concat([simulations, more], ignore_index=True)
    resampling = ResamplingSettings(10, 0, minimum, sampling, options.search)
    clusters = label_map(*choose_map(embeddings, ranking, "tsne"))
    records = StudyRecords(
        clusters=clusters,
        ranking=ranking,
        embeddings=embeddings,
        fields=fields,
        patients=cohort.set_index("image_id")["patient_id"],
        simulations=simulations,
        repeats=repeat_searches(sample, [], ranking, resampling, clusters),
        controls=dict.fromkeys(controls, sample),
        planted=pd.Series(dtype=object) if planted is None else planted,
    )
    return assess(sample, records, options), records


def blobs(n, width=12):
    points, truth = make_blobs(
        n, width, centers=3, cluster_std=1.0, center_box=(-12, 12), random_state=5
    )
    return points, truth


def plain(evidence):
    """The document as it is read back; a NaN in it would be an error."""
    return json.loads(json.dumps(evidence.document, allow_nan=False))


def test_planted_clusters_are_stable_and_not_explained():
    points, _ = blobs(120)
    evidence, _ = study(points, cohort_of(120), controls=("pixels",))
    document = plain(evidence)
    assert document["verdict"]["verdict"] == "clusters, stable, not explained by recorded fields"
    assert document["nulls"]["gaussian"]["p"] == 0.025
    assert document["n_clusters"] == 3
    assert document["controls"]["pixels"]["adjusted_rand"] > 0.95
    assert document["sensitivity"]["share"] > 0
    assert (document["within"], document["survives"]) == (None, []), "nothing is recorded"
    assert [split["apart"] for split in document["apart"]] == [True, True]
    features = document["feature_clusters"]
    assert (features["answer"], features["p"]) == (SHOWN, 0.025)
    assert evidence.maps["subject"].unique().tolist() == ["features", "pixels"]


def test_planted_groups_are_compared_with_the_clusters_and_change_no_verdict():
    points, truth = blobs(120)
    cohort = cohort_of(120)
    planted = pd.Series(truth.astype(str), cohort["image_id"], dtype=object)
    document = plain(study(points, cohort, planted=planted[:90])[0])
    assert document["planted"] == {"groups": 3, "images": 90, "adjusted_rand": pytest.approx(1)}
    assert document["verdict"]["verdict"].startswith("clusters, stable")
    one = compare_with_planted(pd.Series([0, 1], ["a", "b"]), pd.Series("x", ["a", "b"]))
    assert one == {"groups": 1, "images": 2, "adjusted_rand": None}


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
    (row,) = document["survives"]
    assert (row["field"], row["survives"]) == ("location", False)


def test_null_models_within_the_field_that_is_the_clusters_have_them_too():
    points, truth = blobs(120)
    cohort = cohort_of(120)
    metadata = pd.DataFrame({"image_id": cohort["image_id"], "source": truth.astype(str)})
    document = plain(study(points, cohort, metadata, replace(settings(), within="source"))[0])
    assert document["within"] == {"field": "source", "levels": {"0": 40, "1": 40, "2": 40}}
    assert document["nulls"]["gaussian"]["p"] > 0.2
    assert document["verdict"]["verdict"] == "no clusters beyond chance"


def test_groups_with_a_scanner_each_are_explained_by_it(tmp_path):
    """Of a synthetic cohort a hospital and its scanner tell the same, but some name no place."""
    planted = SyntheticCohort(40, 1.0, 64, 3, 1.0, True, 3)
    write_cohort(tmp_path, planted)
    rows = type_fields(ieee8023.read("s", tmp_path)).rows
    rows = rows[rows["finding"].str.startswith("COVID-19")].drop_duplicates("patient_id")
    cohort = rows.reset_index(drop=True).assign(**{"class": "a", "split": "test"})
    cohort["split_group"] = cohort["patient_id"]
    truth = pd.read_csv(tmp_path / "truth.csv").set_index("filename")["variant"]
    groups = truth.loc[[Path(file).name for file in cohort["file"]]].to_numpy()
    centres = 12 * np.eye(3, 12)
    noise = np.random.default_rng(0).normal(size=(len(cohort), 12))
    document = plain(study(centres[groups] + noise, cohort, rows)[0])
    assert document["verdict"]["verdict"] == "clusters, explained by scanner"
    assert "scanner" in [row["field"] for row in document["probes"]]
    assert "scanner" in document["country_within"]


def test_one_cloud_has_no_clusters():
    features = np.random.default_rng(0).normal(size=(120, 20))
    document = plain(study(features, cohort_of(120, 80))[0])
    assert document["verdict"]["verdict"] == "no clusters beyond chance"


def few(rng):
    return rng.normal(size=(12, 5)), cohort_of(12), None, settings()


def few_patients(rng):
    return blobs(60)[0], cohort_of(60, 8), None, settings()


def no_cell(rng):
    return rng.normal(size=(60, 5)), cohort_of(60), None, settings(eps=(1e-6,))


def no_perplexity(rng):
    return rng.normal(size=(60, 5)), cohort_of(60), None, settings(perplexities=(50.0,))


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
    assert not document["apart"]


@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")
def test_features_that_are_all_alike_have_no_clusters():
    document = plain(study(np.ones((60, 5)), cohort_of(60))[0])
    assert document["verdict"]["verdict"].startswith("inconclusive: ")


@pytest.mark.parametrize("countries", [None, ["Italy"], [None]], ids=["none", "one", "all null"])
def test_countries_that_tell_nothing_are_no_error(countries):
    points, _ = blobs(60)
    cohort = cohort_of(60)
    metadata = pd.DataFrame({"image_id": cohort["image_id"], "view": "PA"})
    if countries:
        metadata["country"] = pd.Series(countries * 60, dtype=object)
    evidence, _ = study(points, cohort, metadata)
    document = plain(evidence)
    assert document["verdict"]["verdict"].startswith("clusters, stable")
    assert all(given["p"] is None for given in document["country_within"].values())
    assert evidence.associations["p"].isna().all()


def test_of_many_images_whole_patients_are_searched_again():
    points, _ = blobs(200)
    cohort = cohort_of(200, 50)
    options = replace(settings(), sample=SampleSettings(None, 90, 0))
    evidence, records = study(points, cohort, options=options)
    document = plain(evidence)
    assert document["n_images"] == 200
    assert 80 < document["n_sampled"] <= 90
    assert set(records.repeats["image_id"]) == set(evidence.maps["image_id"])
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
    evidence, records = study(*given)
    document = plain(evidence)
    drawn_figures = [
        figures.nulls(document, records.simulations),
        figures.stability(document, records.clusters, records.repeats),
        figures.associations(evidence.associations, document),
        figures.controls(document, evidence.maps),
    ]
    for figure in drawn_figures:
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
