"""A whole run: every promised file, the same bytes again, and what the user sees."""

import json
import re

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from cxr.clustering.cells import VOTES
from cxr.clustering.grid import GRID
from cxr.config.catalogue.fields import OF_READERS
from cxr.evaluation.baselines import DESCRIPTIONS
from cxr.metadata.schema import COLUMNS

pytestmark = pytest.mark.timeout(900)

# What a run writes besides logs and benchmarks.
FILES = {
    "read.parquet",
    "read.json",
    "inspected/0001.parquet",
    "inspected/0001.npy",
    "inspected/earlier/0001.parquet",
    "inspected/earlier/0001.npy",
    "metadata.parquet",
    "rejected.csv",
    "cleaning.csv",
    "spellings.csv",
    "quality.csv",
    "cohort.parquet",
    "images.npy",
    "lungs.npy",
    "lungs.csv",
    "excluded.csv",
    "flow.json",
    "models/conv5/model.safetensors",
    "models/conv5/model.json",
    "models/conv5/history.csv",
    "models/conv5/rate_tests.csv",
    "models/conv5/timing.json",
    "models/conv5/parts/random-r1f1.parquet",
    "models/conv5/attention.csv",
    "models/conv5/confounding.csv",
    "models/conv5/confounding.json",
    "models/conv5/subgroups.csv",
    "models/conv5/review.csv",
    "folds.parquet",
    "baselines.parquet",
    "comparison.csv",
    "representations.csv",
    "training_times.csv",
    "models/conv5/metrics.json",
    "models/conv5/predictions.parquet",
    "features/conv5.parquet",
    "neighbours/conv5.npz",
    "neighbours/conv5.search.json",
    "embeddings/conv5/pca.parquet",
    "embeddings/conv5/s0_p001-020.parquet",
    "embeddings/conv5/s0_p021-040.parquet",
    *(
        f"grid/conv5/{chunk}{algorithm}.parquet"
        for chunk in ("pca", "s0_p001-020", "s0_p021-040")
        for algorithm in ("", ".hdbscan")
    ),
    "ranking/conv5.parquet",
    "clusters/conv5.parquet",
    "clusters/conv5.pca.parquet",
    "clusters/conv5.votes.parquet",
    "clusters/conv5.consensus.json",
    "countries/conv5.csv",
    *(
        f"figures/{name}.{kind}"
        for kind in ("pdf", "svg")
        for name in (
            "cohort_flow",
            "comparison",
            "representations",
            "training_times",
            "conv5.training",
            "conv5.confusion",
            "conv5.reliability",
            "conv5.gradcam",
            "conv5.review",
            "conv5.maps",
            "conv5.cells",
            "conv5.clusters",
            "conv5.votes",
            "conv5.countries",
            "conv5.nulls",
            "conv5.stability",
            "conv5.associations",
            "conv5.controls",
            "conv5.retrieval",
            "conv5.severity",
            "conv5.drift",
            "conv5.similar-median",
            "conv5.similar-best",
            "conv5.similar-worst",
        )
    ),
    "explorer/conv5.json",
    "explorer/pictures/index.json",
    "explorer/thumbnails.json",
    *(
        f"tables/{name}.html"
        for name in (
            "comparison",
            "representations",
            "countries/conv5",
            "evidence/conv5.associations",
            "excluded",
            "rejected",
            "similar/conv5.drift",
            "similar/conv5.groups",
            "similar/conv5.retrieval",
        )
    ),
    "controls/conv5.pixels.parquet",
    "evidence/conv5/features.gaussian.0001-0019.parquet",
    "evidence/conv5/pixels.gaussian.0001-0019.parquet",
    "evidence/conv5/repeats.parquet",
    "evidence/conv5.json",
    "evidence/conv5.associations.csv",
    "evidence/conv5.maps.parquet",
    *(
        f"similar/conv5.{name}"
        for name in (
            "drift.csv",
            "groups.csv",
            "held_out.parquet",
            "index",
            "parquet",
            "rejected.csv",
            "retrieval.csv",
            "search.json",
            "severity.json",
            "severity.parquet",
        )
    ),
    "report.html",
}


@pytest.fixture(scope="session")
def results(finished):
    """The folder of the finished study."""
    return finished.path / "results" / "tiny"


def test_the_run_ends_with_where_the_report_is(finished):
    report = finished.path / "results" / "tiny" / "report.html"
    assert finished.output.splitlines()[-1] == f"Report: {report.as_uri()}"
    assert report.stat().st_size > 50_000


def test_every_stage_wrote_its_files(results):
    written = {p.relative_to(results).as_posix() for p in results.rglob("*") if p.is_file()}
    kept = {name for name in written if not name.endswith("/.snakemake_timestamp")}
    besides = ("logs/", "benchmarks/", "receipts/", "explorer/pictures/0")
    plain = {name for name in kept if not name.startswith(besides)}
    assert plain == FILES
    rules = {"train", "embed", "sweep", "score", "draw_clusters"}
    assert rules <= {name.split("/")[1] for name in written if name.startswith("logs/")}
    assert rules <= {name.split("/")[1] for name in written if name.startswith("benchmarks/")}


def test_tables_have_the_promised_columns(results):
    def columns(name):
        return pq.read_schema(results / name).names

    assert columns("metadata.parquet") == [*COLUMNS, *OF_READERS["ieee8023"]]
    assert columns("embeddings/conv5/pca.parquet") == [
        "image_id",
        "method",
        "perplexity",
        "seed",
        "x",
        "y",
        "kl_divergence",
    ]
    assert columns("grid/conv5/pca.parquet") == GRID.names
    assert columns("clusters/conv5.parquet") == ["image_id", "x", "y", "cluster", "agreement"]
    assert columns("clusters/conv5.votes.parquet") == VOTES.names
    for name in ("rejected.csv", "excluded.csv"):
        assert pd.read_csv(results / name).columns.tolist() == ["source", "file", "stage", "reason"]
    notes = pq.read_schema(results / "features/conv5.parquet").metadata
    assert len(notes[b"model_sha256"]) == 64


def test_no_entry_of_the_source_disappears(finished, results):
    upstream = pd.read_csv(finished.path / "results/sources/phantoms/metadata.csv", dtype=str)
    rejected = pd.read_csv(results / "rejected.csv")
    without_row = rejected["reason"] == "no row in metadata.csv"
    metadata = pd.read_parquet(results / "metadata.parquet")
    assert len(metadata) + (~without_row).sum() == len(upstream)
    cohort = pd.read_parquet(results / "cohort.parquet")
    assert len(cohort) + len(pd.read_csv(results / "excluded.csv")) == len(metadata)
    assert np.load(results / "images.npy", mmap_mode="r").shape == (len(cohort), 48, 48)


def test_no_patient_and_no_near_duplicate_is_in_two_splits(results):
    cohort = pd.read_parquet(results / "cohort.parquet")
    for column in ("patient_id", "split_group", "near_duplicate_group"):
        assert cohort.groupby(column)["split"].nunique().eq(1).all()
    assert set(cohort["class"].value_counts()) == {cohort["class"].value_counts().iloc[0]}
    assert cohort["near_duplicate_group"].notna().any()


def test_the_grid_holds_every_cell_and_the_chosen_one_is_the_best_reliable(results):
    grids = [pd.read_parquet(path) for path in sorted(results.glob("grid/conv5/*.parquet"))]
    assert sum(map(len, grids)) == (3 + 1) * (5 * 2 + 3 * 2)
    ranking = pd.read_parquet(results / "ranking/conv5.parquet")
    clusters = pd.read_parquet(results / "clusters/conv5.parquet")
    dbscan_of_tsne = (ranking["method"] == "tsne") & (ranking["algorithm"] == "dbscan")
    best = ranking.loc[ranking["reliable"] & dbscan_of_tsne]
    if best.empty:
        assert set(clusters["cluster"]) == {-1}
    else:
        sizes = clusters.loc[clusters["cluster"] >= 0, "cluster"].value_counts().sort_index()
        assert sizes.tolist() == best["sizes"].iloc[0].tolist()
    countries = pd.read_csv(results / "countries/conv5.csv").set_index("cluster")
    assert countries.to_numpy().sum() == len(clusters)


def test_the_evidence_ends_in_a_verdict(results):
    evidence = json.loads((results / "evidence/conv5.json").read_text())
    assert evidence["n_images"] == len(pd.read_parquet(results / "clusters/conv5.parquet"))
    assert evidence["nulls"]["gaussian"]["replicates"] == 19
    assert evidence["verdict"]["verdict"].startswith(("no clusters", "clusters,", "inconclusive"))
    page = (results / "report.html").read_text()
    assert f"Verdict: {evidence['verdict']['verdict']}." in page
    assert evidence["within"] is None
    assert ("Which clusters are apart" in page) == bool(evidence["apart"])
    assert ("Without what" in page) == bool(evidence["survives"])
    draws = pd.read_parquet(results / "evidence/conv5/features.gaussian.0001-0019.parquet")
    assert draws["replicate"].tolist() == list(range(1, 20))
    fields = pd.read_csv(results / "evidence/conv5.associations.csv")
    assert {"country", "view", "sex", "survival", "format", "intensity"} <= set(fields["field"])
    assert set(fields["missing"]) == {"level", "dropped"}


def test_similar_images_are_of_other_patients(results):
    neighbours = pd.read_parquet(results / "similar/conv5.parquet")
    assert neighbours.columns.tolist() == ["query_id", "rank", "neighbour_id", "distance"]
    cohort = pd.read_parquet(results / "cohort.parquet").set_index("image_id")["patient_id"]
    assert set(neighbours["query_id"]) == set(cohort.index)
    owners = [cohort.loc[neighbours[column]].to_numpy() for column in ("query_id", "neighbour_id")]
    assert (owners[0] != owners[1]).all()
    assert (
        neighbours.groupby("query_id")["distance"].apply(lambda d: d.is_monotonic_increasing).all()
    )
    table = pd.read_csv(results / "similar/conv5.retrieval.csv")
    assert set(table["space"]) == {"trained", "pixels"}
    assert set(table["own_patient"]) == {"included", "excluded"}
    page = (results / "report.html").read_text()
    assert 'id="similar"' in page
    assert "0 images of 0 patients have a scored extent" in page


def test_provenance_says_what_was_obtained(finished):
    provenance = json.loads((finished.path / "results/sources/phantoms.json").read_text())
    assert provenance["origin"] == "synthetic"
    assert provenance["licence"] == "CC0"
    assert provenance["files"] > 0
    assert re.fullmatch(r"[0-9a-f]{64}", provenance["content_hash"])


def test_networks_and_baselines_are_compared(results):
    table = pd.read_csv(results / "comparison.csv")
    assert set(table["protocol"]) == {"random", "study"}
    measured = set(table.loc[table["protocol"] == "study", "name"])
    # The study does not search for burned-in text.
    assert measured == {"conv5", *DESCRIPTIONS} - {"burned-in text"}
    metrics = json.loads((results / "models/conv5/metrics.json").read_text())
    network = table.loc[(table["name"] == "conv5") & (table["protocol"] == "study")].iloc[0]
    assert network["accuracy"] == metrics["splits"]["test"]["accuracy"]["value"]
    assert metrics["protocols"]["random"]["accuracy"]["value"] is not None
    assert metrics["leakage"]["accuracy"]["value"] is not None


def test_a_failed_job_shows_one_clear_line_and_its_log_the_rest(copied):
    (copied.path / "results/tiny/cohort.parquet").write_bytes(b"PAR1 cut short")
    only = ["--forcerun", "train", "--until", "train", "--ignore-incomplete"]
    done = copied.snakemake(*only, check=False)
    assert done.returncode != 0
    line = "error: results/tiny/cohort.parquet: not as assemble_cohort wrote it; it is set aside"
    assert line in done.stderr
    assert "Traceback" not in done.stderr
    failed, where, again = done.stderr.splitlines()[-3:]
    assert failed.startswith(f"train (model conv5) failed: {line.removeprefix('error: ')}")
    assert where == "    its log: results/tiny/logs/train/conv5.log"
    assert again.startswith("What was finished stays. Then run again: snakemake ")
    log = (copied.path / "results/tiny/logs/train/conv5.log").read_text()
    assert "Traceback" in log
    assert log.splitlines()[-1].startswith(line)
    assert not (copied.path / "results/tiny/models/conv5/model.safetensors").exists()
