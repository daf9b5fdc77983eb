"""What a crate says of the jobs of a study."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from cxr.core.hashing import file_sha256
from cxr.core.io import write_json, write_text
from cxr.core.receipts import receipt_of
from cxr.provenance.crate import StudyRun, run_crate
from cxr.provenance.executions import executions
from tests.helpers.jobs import task_of

NOW = datetime(2026, 5, 4, 3, 2, 1, tzinfo=UTC)
SOURCE = {
    "name": "ours",
    "kind": "table",
    "url": None,
    "revision": None,
    "files": 2,
    "bytes": 9,
    "content_hash": "abc",
    "licence": "CC0",
    "citation": "Somebody, 2020",
}


def run(rule, outputs, inputs=(), text="a\n"):
    task = task_of(rule, outputs, [f"results/{path}" for path in inputs])
    with receipt_of(task):
        for path in task.output:
            write_text(text, path)


@pytest.fixture
def results(tmp_path, monkeypatch):
    """A study of two jobs on a source, and a file of an earlier config."""
    monkeypatch.chdir(tmp_path)
    run("download", ["sources/ours.json"])
    run("clean", ["tiny/metadata.csv", "tiny/flow.json"], ["sources/ours.json"])
    run("write_report", ["tiny/report.html"], ["tiny/metadata.csv"], "<p>\n")
    run("draw", ["tiny/of an earlier config.svg"], ["tiny/metadata.csv"])
    write_text("rule all:\n", "results/tiny/provenance/Snakefile")
    write_json({}, "results/tiny/provenance/config.json")
    return Path("results")


def entities(results):
    run = StudyRun(
        results=results,
        study="tiny",
        title="A title",
        config="provenance/config.json",
        workflow="provenance/Snakefile",
        report="report.html",
        sources=[SOURCE],
        snakemake="9.1",
    )
    document = run_crate(run, executions(results, ["tiny/report.html"]), NOW)
    return {entity["@id"]: entity for entity in document["@graph"]}


def ids(values):
    return {value["@id"] for value in (values if isinstance(values, list) else [values])}


def test_jobs_are_found_from_the_results_back_to_the_sources(results):
    found = executions(results, ["tiny/report.html"])
    assert [job.name for job in found] == ["clean", "download", "write_report"]
    assert {(job.started, job.ended) for job in found} == {(None, None)}


def test_a_job_lasted_until_its_log_ended(results):
    write_text("done\n", "results/tiny/logs/clean.log")
    row = '{"rule_name": "clean", "s": 61.2}\n'
    write_text(row, "results/tiny/benchmarks/clean.jsonl")
    (job,) = (job for job in executions(results, ["tiny/flow.json"]) if job.name == "clean")
    assert job.ended - job.started == timedelta(seconds=61)
    assert abs(job.ended - datetime.now(UTC)) < timedelta(minutes=1)


def test_every_job_has_what_it_read_and_wrote(results):
    found = entities(results)
    cleaned = found["#job-tiny/logs/clean"]
    assert ids(cleaned["object"]) == {"#source-ours"}
    assert ids(cleaned["result"]) == {"metadata.csv", "flow.json"}
    assert ids(found["#job-tiny/logs/write_report"]["object"]) == {"metadata.csv"}
    assert found["#tool-clean"]["softwareVersion"] == "c0de"
    assert {"#step-clean", "#step-download"} < ids(found["provenance/Snakefile"]["step"])
    assert found["#source-ours"]["license"] == "CC0"


def test_parts_are_the_studys_own_files_with_their_hashes(results):
    found = entities(results)
    parts = ids(found["./"]["hasPart"])
    own = {"metadata.csv", "flow.json", "report.html"}
    assert parts == own | {"provenance/Snakefile", "provenance/config.json"}
    for name in own:
        assert found[name]["sha256"] == file_sha256(results / "tiny" / name)
        assert found[name]["contentSize"] == str((results / "tiny" / name).stat().st_size)


def test_the_same_results_give_the_same_crate(results):
    assert entities(results) == entities(results)
