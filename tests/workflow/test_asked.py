"""What a finished study gives when it is asked: a crate, a datasheet, predictions, a report."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from cxr.core.paths import ROOT

pytestmark = pytest.mark.timeout(900)

CRATE = ROOT / "tests" / "crate"
# Jobs whose logs lie among the others, and that a crate is not made from.
WRITES_NO_RESULT = {"#job-tiny/logs/write_crate"}


@pytest.fixture(scope="module")
def validator(tmp_path_factory):
    """The Python of an environment with the validator of crates; it needs another rich than we."""
    folder = tmp_path_factory.mktemp("validator") / "venv"
    uv = shutil.which("uv") or str(Path(sys.executable).parent / "uv")
    python = folder / "bin" / "python"
    subprocess.run([uv, "venv", "--quiet", "--python", sys.executable, folder], check=True)
    install = [uv, "pip", "install", "--quiet", "--python", python, "--require-hashes"]
    subprocess.run([*install, "-r", CRATE / "requirements.txt"], check=True)
    return python


def test_the_studys_crate_is_valid_by_its_profile(copied, validator):
    copied.snakemake("crate")
    folder = copied.path / "results/tiny"
    graph = json.loads((folder / "ro-crate-metadata.json").read_text())["@graph"]
    jobs = [entity for entity in graph if entity["@id"].startswith("#job-")]
    logs = {f"#job-{log.relative_to(folder.parent)}"[:-4] for log in folder.rglob("logs/**/*.log")}
    assert {job["@id"] for job in jobs if "#job-tiny" in job["@id"]} == logs - WRITES_NO_RESULT
    assert all(job["startTime"] <= job["endTime"] for job in jobs)
    assert str(copied.path) not in json.dumps(graph)
    done = subprocess.run(
        [validator, CRATE / "validate.py", folder], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    (folder / "provenance/Snakefile").unlink()
    done = subprocess.run(
        [validator, CRATE / "validate.py", folder], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "provenance/Snakefile" in done.stdout


def test_the_cohorts_datasheet_has_what_the_study_has(copied):
    done = copied.snakemake("datasheet")
    assert done.stderr.rstrip().endswith("Datasheet: results/tiny/datasheet.md")
    folder = copied.path / "results/tiny"
    text, cohort = (folder / "datasheet.md").read_text(), pd.read_parquet(folder / "cohort.parquet")
    assert f"{len(cohort)} images of {cohort['patient_id'].nunique()} patients." in text
    excluded = [pd.read_csv(folder / f"{name}.csv") for name in ("rejected", "excluded")]
    for reason, n in pd.concat(excluded)["reason"].value_counts().items():
        assert f"| {reason} | {n} |".replace("_", "\\_") in text
    assert "- conv5, its classes: " in text
    assert "- conv5, its clusters: " in text
    assert str(copied.path) not in text


@pytest.mark.mirror
def test_new_images_are_predicted_and_the_model_leaves_as_onnx(copied, mirror):
    new = copied.path / "new"
    shutil.copytree(mirror / "chest_xray/train/NORMAL", new, ignore=lambda _, names: names[6:])
    (new / "bad {name}.png").write_text("no image")
    query = min(new.glob("*.jpeg"))
    settings = ["--config", f"images={new}", f"query={query}"]
    done = copied.snakemake("onnx", "predict", "similar", *settings)
    said = done.stderr[done.stderr.index("Done: 3 jobs in ") :]
    assert "ONNX file: results/tiny/models/conv5/model.onnx, " in said
    assert "Predicted: 6 images (" in said
    assert "1 file could not be used, listed in results/tiny/predicted/conv5/rejected.csv" in said
    assert "The 36 most similar images: " in said
    assert "Report: " not in said
    neighbours = pd.read_csv(copied.path / "results/tiny/similar/conv5/query/neighbours.csv")
    assert neighbours["rank"].tolist() == list(range(1, 37))
    assert neighbours["class"].notna().all()
    folder = copied.path / "results/tiny/predicted/conv5"
    predictions = pd.read_csv(folder / "predictions.csv")
    assert len(predictions) == 6
    assert pd.read_csv(folder / "rejected.csv")["file"].tolist() == ["bad {name}.png"]
    assert predictions["distance_percentile"].between(0, 100).all()
    summary = json.loads((folder / "summary.json").read_text())
    assert (summary["images"], summary["rejected"]) == (6, 1)
    assert summary["confounding"]["light"] in ("red", "amber", "green", "none")
    assert "Predicted: 6 images (" in done.stderr
    assert "1 file could not be used" in done.stderr
    overlays = {path.name for path in (folder / "overlays").glob("*.png")}
    assert overlays == set(predictions["overlay"])
    assert len(pd.read_parquet(folder / "features.parquet")) == 6
    assert (copied.path / "results/tiny/models/conv5/model.onnx").stat().st_size > 100_000
    again = copied.snakemake("predict", "--config", f"images={new}")
    assert "Nothing to be done" in again.stdout + again.stderr
    (new / "bad {name}.png").unlink()
    assert "1 job, about" in copied.snakemake("predict", "-n", "--config", f"images={new}").stderr
    nowhere = copied.snakemake("predict", "--config", "images=nowhere", check=False)
    assert "config key 'images': there is no folder nowhere" in nowhere.stderr
    assert done.returncode == 0


def test_snakemakes_own_report_holds_the_page_and_the_figures(copied):
    copied.snakemake("--report", "own.html")
    page = (copied.path / "own.html").read_text()
    for words in ("1 Explore", "4 Clusters", "6 Tables", "conv5.countries.svg", "report.html"):
        assert words in page
