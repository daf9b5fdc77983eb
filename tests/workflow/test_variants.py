"""The study of 2020 on its real images, with a reduced grid."""

import json

import pandas as pd
import pytest
import yaml

from tests.workflow.conftest import ROOT, workspace

pytestmark = [pytest.mark.mirror, pytest.mark.timeout(1200)]


@pytest.fixture(scope="module")
def results(tmp_path_factory, mirror):
    """The folder of the finished study."""
    config = yaml.safe_load((ROOT / "config/studies/variants-2020.yaml").read_text())
    config["models"]["mobilenet_v2"]["training"] |= {"epochs": 3, "frozen_epochs": 1}
    config["embedding"]["perplexities"] = [1, 17, 60, 173, 178]
    place = workspace(tmp_path_factory.mktemp("variants") / "run")
    place.write_config(config)
    place.snakemake("--config", f"mirror={mirror}")
    return place.path / "results" / "variants-2020"


def test_the_cohort_is_the_studys(results):
    cohort = pd.read_parquet(results / "cohort.parquet")
    assert set(cohort["class"].value_counts()) == {174}
    metadata = pd.read_parquet(results / "metadata.parquet").merge(cohort[["image_id", "class"]])
    covid = metadata.loc[metadata["class"] == "COVID-19"]
    assert set(covid["view"]) == {"PA", "AP", "AP Supine"}
    assert covid["finding"].str.contains("COVID-19").all()
    assert cohort.groupby("patient_id")["split"].nunique().eq(1).all()


def test_every_perplexity_is_used_or_absent(results):
    used = pd.concat([pd.read_parquet(p) for p in results.glob("embeddings/*/s0*.parquet")])
    assert sorted(used["perplexity"].unique()) == [1, 17, 60, 173]
    grid = pd.concat([pd.read_parquet(p) for p in results.glob("grid/*/s0*.parquet")])
    assert len(grid) == 4 * 19 * 15


def test_training_beats_chance_even_when_short(results):
    metrics = json.loads((results / "models/mobilenet_v2/metrics.json").read_text())
    accuracy = metrics["splits"]["test"]["accuracy"]
    assert accuracy["low"] > 0.4
    assert accuracy["low"] < accuracy["value"] < accuracy["high"]


def test_countries_of_the_clusters_are_reported(results):
    table = pd.read_csv(results / "countries/mobilenet_v2.csv").set_index("cluster")
    assert table.to_numpy().sum() == 174
    assert {"Italy", "Spain", "China", "Taiwan", "unknown"} <= set(table.columns)


def test_sources_say_where_they_are_from(results):
    for name in ("covid-chestxray", "chest-xray"):
        provenance = json.loads((results.parent / "sources" / f"{name}.json").read_text())
        assert provenance["origin"] == "local mirror"
        assert provenance["citation"]
