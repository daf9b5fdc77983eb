"""Another workflow imports this one with `module`, from a folder of its own."""

import copy

import numpy as np
import pandas as pd
import pytest

from tests.helpers.study import ROOT, TINY, Workspace

pytestmark = pytest.mark.timeout(900)

SNAKEFILE = f"""
module images:
    snakefile: "{ROOT}/workflow/Snakefile"
    config: config["images"]
    prefix: "chest"

module table:
    snakefile: "{ROOT}/workflow/Snakefile"
    config: config["table"]

use rule * from images as images_*
use rule * from table as table_*

rule all:
    default_target: True
    input: rules.images_all.input, rules.table_all.input
"""

LEFT_OUT = {"evidence": None, "similarity": None}
CLUSTERING = {"eps": [0.5], "min_samples": [3], "hdbscan": None}
IMAGES = TINY | {
    "study": "images",
    "models": {
        "conv5": {
            "architecture": "conv5",
            "training": {"phases": [{"epochs": 1, "batch_size": 16}]},
        }
    },
    "embedding": {"perplexities": [5]},
    "clustering": CLUSTERING,
    "evaluation": {"random_split": False, "baselines": False, "explained": 1},
    **LEFT_OUT,
}
TABLE = {
    "study": "table",
    "features": {"from_file": "features.parquet", "name": "elsewhere"},
    "embedding": {"perplexities": [5]},
    "clustering": CLUSTERING,
    **LEFT_OUT,
}


@pytest.fixture
def importing(tmp_path, rng):
    """A folder with a workflow that imports this one twice, and a table of features."""
    place = Workspace(tmp_path / "ours")
    place.path.mkdir()
    (place.path / "Snakefile").write_text(SNAKEFILE)
    table = {"image_id": [str(n) for n in range(30)], "features": list(rng.normal(size=(30, 8)))}
    pd.DataFrame(table).to_parquet(place.path / "features.parquet")
    return place


def test_imported_studies_run_to_their_reports(importing):
    importing.write_config({"images": IMAGES, "table": TABLE})
    done = importing.snakemake()
    # Hooks and the plan are of a workflow that runs by itself.
    assert "Report: " not in done.stderr
    for page in ("chest/results/images/report.html", "results/table/report.html"):
        assert (importing.path / page).stat().st_size > 50_000
    assert {path.name for path in (importing.path / "results").iterdir()} == {"table"}
    assert np.load(importing.path / "chest/results/images/images.npy").ndim == 3
    assert importing.planned() == {}
    assert "Plan of" not in importing.snakemake("--dry-run").stderr


def test_every_stage_of_an_imported_study_finds_its_files(importing):
    full = copy.deepcopy(TINY)
    full["models"]["conv5"] |= {"weights": "ours.pth"}
    full["models"]["mobilenet_v2"] = {"architecture": "mobilenet_v2", "weights": "imagenet"}
    full["similarity"] = {"space": "backbone", "backbone": "mobilenet_v2", "folds": 2}
    full["evidence"]["training_seeds"] = [1]
    (importing.path / "ours.pth").touch()
    importing.write_config({"images": full, "table": TABLE})
    planned = importing.planned()
    stages = ("retrain", "train_fold", "export_backbone", "search_nulls", "write_report")
    assert {f"images_{stage}" for stage in stages} <= set(planned)
