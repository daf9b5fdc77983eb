"""The page of the numbers of 2020 is what its command writes, from results of the studies."""

import json
import os
import re
import subprocess
import sys

import pandas as pd
import pytest
import yaml
from docs import reproduction

from cxr.config.resolve import resolve
from cxr.core.errors import InputError
from cxr.core.io import write_csv, write_json, write_table
from cxr.core.paths import ROOT
from cxr.planning.public import public_config
from tests.unit.test_project import anchors


def of_metric(name):
    return {name: 0.8, f"{name}_low": 0.7, f"{name}_high": 0.9}


@pytest.fixture
def folder(tmp_path):
    """Results of a study, and its config as the crate holds it."""

    def made(study, **changes):
        file = ROOT / "config" / "studies" / f"{study}.yaml"
        config = public_config(resolve(yaml.safe_load(file.read_text()) | changes))
        write_json(config, tmp_path / "provenance" / "config.json")
        graph = [
            {"@id": "provenance/Snakefile", "version": "0123456789"},
            {"@id": "#run", "endTime": "2026-05-04T03:02:01+00:00"},
        ]
        write_json({"@graph": graph}, tmp_path / "ro-crate-metadata.json")
        return tmp_path

    return made


def test_the_page_is_what_the_command_writes():
    store = json.loads(reproduction.STORE.read_text())
    assert reproduction.PAGE.read_text() == reproduction.page(store)


@pytest.mark.parametrize(
    "row", [pytest.param(row, id=row["quantity"]) for row in reproduction.ROWS if "stated" in row]
)
def test_what_a_document_states_stands_there(row):
    path = ROOT / row["document"]
    assert row["anchor"] in anchors(path)
    section = re.split(r"^## ", path.read_text(), flags=re.MULTILINE)
    (text,) = [part for part in section if slug(part) == row["anchor"]]
    assert row["stated"] in text


def slug(section):
    heading = section.partition("\n")[0]
    return re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-")


def test_the_numbers_of_a_study_come_from_its_files(folder):
    results = folder("variants-2020")
    rows = [
        {"method": "pca", "algorithm": "dbscan", "reliable": True, "balance_score": 1},
        {"method": "tsne", "algorithm": "dbscan", "reliable": False, "balance_score": 2},
        {"method": "tsne", "algorithm": "dbscan", "reliable": True, "balance_score": 60},
    ]
    cell = {"perplexity": 17.0, "eps": 0.4, "min_samples": 14, "n_clusters": 2, "n_outliers": 7}
    cells = pd.DataFrame([row | cell | {"sizes": [31, 71]} for row in rows])
    write_table(cells, results / "ranking" / "mobilenet_v2.parquet")
    write_table(pd.DataFrame({"cluster": [0, 1]}), results / "clusters" / "mobilenet_v2.parquet")
    null = {"role": "primary", "replicates": 199, "p": 0.275, "consensus": {"reached": 54}}
    evidence = {"nulls": {"gaussian": null}, "verdict": {"verdict": "no clusters beyond chance"}}
    write_json(evidence, results / "evidence" / "mobilenet_v2.json")
    found = reproduction.measured(results)
    assert (found["commit"], found["day"]) == ("0123456789", "2026-05-04")
    text = reproduction.page({"variants-2020": found})
    assert "| 48 | 60 |" in text
    assert "| 3 (31, 71, 70; 7 outliers) | 2 (31, 71; 7 outliers) |" in text
    assert "54 of 199 null simulations (p = 0.28): no clusters beyond chance" in text
    assert "| 17, 0.4, 14 | 17, 0.4, 14 |" in text
    assert "results of commit 0123456, 2026-05-04" in text


def test_metrics_have_their_intervals(folder):
    results = folder("ct-2020")
    row = {"protocol": "grouped", "name": "mobilenet_v2"}
    metrics = {**of_metric("accuracy_thresh"), **of_metric("fbeta")}
    write_csv(pd.DataFrame([row | metrics]), results / "tag_comparison.csv")
    names = [row["measure"][1] for row in reproduction.ROWS if row["measure"][0] == "classifier"]
    values = {"accuracy": 0.3, "low": 0.1, "high": 0.5}
    table = [{"protocol": "grouped", "classifier": name} | values for name in names]
    write_csv(pd.DataFrame(table), results / "analysis" / "classifiers.csv")
    text = reproduction.page({"ct-2020": reproduction.measured(results)})
    assert "| 0.9858 | 0.800 (0.700 to 0.900) |" in text
    assert text.count("| 0.300 (0.100 to 0.500) |") == len(names) == 6


def test_results_of_another_config_are_refused_in_one_line(folder):
    results = folder("classes3-2020", seed=8)
    with pytest.raises(InputError, match=r"not those of classes3-2020\.yaml: seed; run it"):
        reproduction.measured(results)
    (results / "provenance" / "config.json").unlink()
    command = [sys.executable, str(ROOT / "docs" / "reproduction.py"), str(results)]
    environment = os.environ | {"PYTHONPATH": str(ROOT / "workflow" / "scripts")}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    (line,) = done.stderr.splitlines()
    assert line.startswith("error: ")
    assert line.endswith("run snakemake crate with this study first")
