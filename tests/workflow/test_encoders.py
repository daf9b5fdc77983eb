"""Encoders that others trained, beside a network and alone, from their files to the page."""

import json

import pandas as pd
import pytest

from cxr.core.io import read_notes, read_table
from cxr.planning.encoder_parts import encoder_part
from tests.helpers.encoders import densenet, save_dinov2, save_pickled, save_timm
from tests.helpers.study import TINY, copy_of, workspace

pytestmark = pytest.mark.timeout(1200)

XRV = "densenet121-res224-all"
SMALL = {
    **TINY,
    "sources": {
        "phantoms": {**TINY["sources"]["phantoms"], "patients": 8},
        "elsewhere": {**TINY["sources"]["phantoms"], "patients": 6, "seed": 7},
    },
    "embedding": {**TINY["embedding"], "perplexities": [5, 10]},
    "evaluation": {"random_split": False, "baselines": False, "external": ["elsewhere"]},
    "evidence": None,
    "similarity": {"baselines": ["pixels"], "folds": None, "k": 5},
}


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A finished study of one network and two encoders, of a folder and of a mirror."""
    folder = tmp_path_factory.mktemp("encoders")
    mirror = folder / "mirror"
    save_pickled(densenet(), mirror / "weights" / "xrv" / f"{XRV}.pt")
    encoders = {
        "dino": {"library": "transformers", "path": str(save_dinov2(folder / "dino")), "chunks": 2},
        "xrv": {"library": "torchxrayvision", "model": XRV, "chunks": 1, "licence": "Apache-2.0"},
    }
    finished = workspace(folder / "run")
    finished.config = SMALL | {"encoders": encoders, "mirror": str(mirror)}
    finished.write_config(finished.config)
    finished.snakemake()
    return finished


def test_an_encoder_has_every_file_that_a_network_has(place):
    files = place.files("tiny")
    for name, width in (("dino", 32), ("xrv", 1024)):
        table = read_table(place.path / f"results/tiny/features/{name}.parquet")
        cohort = read_table(place.path / "results/tiny/cohort.parquet")
        assert table["image_id"].tolist() == cohort["image_id"].tolist()
        assert len(table.filter(regex=r"^f\d+$").columns) == width
        assert table.filter(regex=r"^f\d+$").std().gt(0).any()
        kinds = ("features", "ranking", "clusters", "similar")
        expected = {f"{kind}/{name}.parquet" for kind in kinds}
        expected |= {f"explorer/{name}.json", f"countries/{name}.csv"}
        assert expected <= set(files)
    notes = read_notes(place.path / "results/tiny/features/dino.parquet")
    assert json.loads(notes["encoder"])


def test_its_weights_have_their_provenance(place):
    record = json.loads((place.path / "results/weights/encoders/xrv.json").read_text())
    assert record["library"] == "torchxrayvision"
    assert record["licence"] == "Apache-2.0"
    assert all(len(digest) == 64 for digest in record["files"].values())
    page = (place.path / "results/tiny/report.html").read_text()
    assert next(iter(record["files"].values())) in page
    assert str(place.path.parent) not in page


def test_all_representations_stand_side_by_side(place):
    table = pd.read_csv(place.path / "results/tiny/representations.csv")
    kinds = table.groupby("representation")["kind"].first().to_dict()
    assert kinds == {
        "conv5": "network",
        **dict.fromkeys(("dino", "xrv"), "encoder"),
        "pixels": "control",
    }
    probes = table[table["measure"] == "linear probe"]
    assert set(probes.loc[probes["field"] == "class", "representation"]) == set(kinds)
    assert set(probes.loc[probes["representation"] == "conv5", "scope"]) == {"test"}
    assert probes["value"].between(0, 1).all()
    page = (place.path / "results/tiny/report.html").read_text()
    assert 'id="representations"' in page
    assert "knows the most of the class" in page
    assert (place.path / "results/tiny/figures/representations.svg").exists()


def test_an_encoder_is_validated_in_other_hospitals(place):
    folder = place.path / "results/tiny/external"
    encoded = read_table(folder / "encoded/dino.parquet")
    assert len(encoded)
    assert encoded["image_id"].str.startswith("elsewhere/").all()
    table = pd.read_csv(folder / "encoders/dino.csv")
    assert set(table["source"]) == {"elsewhere"}
    of_network = pd.read_csv(place.path / "results/tiny/models/conv5/external.csv")
    assert table[["class", "metric", "images"]].equals(of_network[["class", "metric", "images"]])
    assert "dino in other hospitals" in (place.path / "results/tiny/report.html").read_text()


def test_another_encoder_runs_nothing_of_the_others_again(place, tmp_path):
    copied = copy_of(place, tmp_path / "run")
    assert copied.planned() == {}
    one = place.config["encoders"]["dino"]
    more = {**place.config, "encoders": {**place.config["encoders"], "again": one}}
    planned = copied.planned(more)
    assert {name: planned[name] for name in ("download_encoder", "encode", "join_encoder")} == {
        "download_encoder": 1,
        "encode": 2,
        "join_encoder": 1,
    }
    assert planned["score"] == planned["find_similar"] == planned["compare_representations"] == 1
    assert not {"train", "evaluate", "export_features", "assemble_cohort"} & set(planned)
    # A licence that is corrected changes the record, and no feature.
    named = {**place.config["encoders"], "dino": {**one, "citation": "Somebody, 2026"}}
    planned = copied.planned({**place.config, "encoders": named})
    assert planned["download_encoder"] == 1


def test_encoders_alone_are_a_study(place, tmp_path):
    """What needs a network of the study's own is left out; the verdict and the page are there."""
    config = {key: value for key, value in place.config.items() if key != "models"}
    vit = {"library": "timm", "path": str(save_timm(tmp_path / "vit")), "chunks": 1}
    config |= {"study": "alone", "encoders": {"vit": vit}, "evidence": TINY["evidence"]}
    planned = place.planned(config)
    assert not {"train", "evaluate", "explain", "compare_models", "retrain"} & set(planned)
    place.snakemake(config="changed.yaml")
    results = place.path / "results" / "alone"
    assert json.loads((results / "evidence" / "vit.json").read_text())["verdict"]
    assert set(pd.read_csv(results / "representations.csv")["representation"]) == {"vit", "pixels"}
    assert "vit" in (results / "report.html").read_text()
    table = read_table(results / "features" / "vit.parquet")
    assert len(table.filter(regex=r"^f\d+$").columns) == 192


def test_places_are_in_no_settings(place):
    for receipt in (place.path / "results/tiny/receipts/encoded").rglob("*.json"):
        content = json.loads(receipt.read_text())["receipt"]
        if "cfg" in content:
            assert set(content["cfg"]["encoder"]) == set(
                encoder_part(dict.fromkeys([*content["cfg"]["encoder"], "path"]), "features")
            )
