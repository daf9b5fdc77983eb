"""External sources validate networks, and change nothing else of a study."""

import copy

import pandas as pd
import pyarrow.parquet as pq
import pytest

from tests.helpers.study import TINY

pytestmark = pytest.mark.timeout(900)

ELSEWHERE = {"kind": "synthetic", "patients": 8, "image_size": 96, "variants": 1, "seed": 7}
VALIDATED = {
    "read_external": 1,
    "inspect_external": 1,
    "clean_external": 1,
    "assemble_external": 1,
    "evaluate_external": 1,
    "validate_baselines": 1,
    "show_table": 3,
    "write_report": 1,
}
FOLDERS = ("external/", "models/conv5/external", "tables/external/", "tables/models/")


def validated(**source):
    """The tiny study with a source beside it that validates its network."""
    config = copy.deepcopy(TINY)
    config["sources"]["elsewhere"] = ELSEWHERE | source
    config["evaluation"] = {"external": ["elsewhere"]}
    return config


def test_a_study_gets_external_sources_and_nothing_that_it_has_changes(copied):
    obtained = {"download": 1, "record_source": 1}
    assert copied.planned(validated()) == obtained | VALIDATED
    before = copied.files("tiny")
    copied.write_config(validated())
    copied.snakemake()
    after = copied.files("tiny")
    page = after.pop("report.html").decode()
    assert {name: after[name] for name in before if name != "report.html"} == {
        name: data for name, data in before.items() if name != "report.html"
    }
    new = set(after) - set(before)
    assert all(name.startswith(FOLDERS) for name in new)
    assert page.count("<h4>External validation</h4>") == 1
    assert "In images of elsewhere, which no part of the training saw, " in page

    results = copied.path / "results" / "tiny"
    cohort = pd.read_parquet(results / "external" / "cohort.parquet")
    assert set(cohort["source"]) == {"elsewhere"}
    table = pd.read_csv(results / "models" / "conv5" / "external.csv")
    assert set(table["class"].dropna()) == set(TINY["cohort"]["classes"])
    predictions = pq.read_table(results / "models" / "conv5" / "external_predictions.parquet")
    assert predictions.column("image_id").to_pylist() == cohort["image_id"].tolist()
    assert copied.planned() == {}

    # Other images, and other labels for the same ones, plan no more than that.
    assert copied.planned(validated(seed=8)) == obtained | VALIDATED
    page_alone = {"write_report": 1}
    assert copied.planned(TINY) == page_alone


def test_a_source_that_the_cohort_has_already_is_refused_in_one_line(copied):
    copied.write_config(validated(**TINY["sources"]["phantoms"], seed=2020))
    done = copied.snakemake(check=False)
    assert done.returncode
    log = (copied.path / "results/tiny/logs/assemble_external.log").read_text()
    assert "no image of 'elsewhere' is left" in log.splitlines()[-1]
    assert "exact duplicate of an image of the cohort" in log
