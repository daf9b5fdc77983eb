"""Encoders that others trained, beside a network and alone, from their files to the page."""

import json

import numpy as np
import pandas as pd
import pytest
from PIL import Image

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


def test_a_query_is_answered_by_a_network_and_by_every_encoder(place, tmp_path):
    """An image of the cohort, under another name, is nearest to itself in each."""
    cohort = read_table(place.path / "results/tiny/cohort.parquet")
    row = cohort.iloc[3]
    image = place.path / "results/sources" / row["source"] / row["file"]
    query = tmp_path / f"new{image.suffix}"
    query.write_bytes(image.read_bytes())
    done = place.snakemake("similar", "--config", f"query={query}")
    assert done.stdout.count("most similar image") == 3 or done.stderr.count("most similar") == 3
    for name in ("conv5", "dino", "xrv"):
        folder = place.path / "results/tiny/similar" / name / "query"
        neighbours = pd.read_csv(folder / "neighbours.csv")
        assert neighbours["neighbour_id"].iloc[0] == row["image_id"]
        assert neighbours["distance"].iloc[0] == pytest.approx(0, abs=1e-5)
        assert len(neighbours) == 5
        assert (folder / "sheet.svg").exists()
    # One answers where it is named; `predict` needs a network.
    one = place.planned(None, "--config", f"query={query}", "model=dino", "-F", "similar")
    assert one["query_encoder"] == 1
    assert "query_similar" not in one
    settings = ("--config", f"images={tmp_path}", "model=dino")
    refused = place.snakemake("predict", *settings, check=False)
    assert "predict needs a network, and 'dino' is an encoder" in refused.stdout + refused.stderr
    Image.fromarray(np.zeros((9, 80), np.uint8)).save(query)
    small = place.snakemake("similar", "--config", f"query={query}", "model=dino", check=False)
    assert "less than one patch of the encoder" in small.stdout + small.stderr


def test_encoders_alone_are_a_study(place, tmp_path):
    """What needs a network of the study's own is left out; the verdict and the page are there.

    An image that the first encoder can't use costs that image alone: others have it.
    """
    pixels = np.random.default_rng(0).integers(0, 256, (12, 40)).astype(np.uint8)
    (tmp_path / "small" / "COVID-19").mkdir(parents=True)
    Image.fromarray(pixels).save(tmp_path / "small" / "COVID-19" / "narrow.png")
    constants = {"view": "PA", "modality": "X-ray"}
    small = {"kind": "folders", "path": str(tmp_path / "small"), "constants": constants}
    config = {key: value for key, value in place.config.items() if key != "models"}
    vit = {"library": "timm", "path": str(save_timm(tmp_path / "vit")), "chunks": 1}
    encoders = {"vit": vit, "xrv": place.config["encoders"]["xrv"]}
    config |= {"study": "alone", "encoders": encoders, "evidence": TINY["evidence"]}
    config["sources"] = {**config["sources"], "small": small}
    config["cohort"] = {**config["cohort"], "per_class": "all", "min_side": 8}
    planned = place.planned(config)
    assert not {"train", "evaluate", "explain", "compare_models", "retrain"} & set(planned)
    place.snakemake(config="changed.yaml")
    results, lost = place.path / "results" / "alone", "small/COVID-19/narrow.png"
    for name in encoders:
        assert json.loads((results / "evidence" / f"{name}.json").read_text())["verdict"]
    representations = pd.read_csv(results / "representations.csv")
    assert set(representations["representation"]) == {"vit", "xrv", "pixels"}
    table = read_table(results / "features" / "vit.parquet")
    assert len(table.filter(regex=r"^f\d+$").columns) == 192
    cohort = read_table(results / "cohort.parquet")["image_id"]
    assert set(cohort) - set(table["image_id"]) == {lost}
    assert read_table(results / "features" / "xrv.parquet")["image_id"].tolist() == list(cohort)
    for folder, name in (("clusters", "vit"), ("controls", "vit.pixels"), ("similar", "vit")):
        ids = read_table(results / folder / f"{name}.parquet").astype(str)
        assert not ids.eq(lost).any(axis=None)
    for name, n_lost in (("vit", 1), ("xrv", 0)):
        rejected = pd.read_csv(results / "encoded" / f"{name}.rejected.csv")
        assert len(rejected) == n_lost
    shown = {
        name: json.loads((results / "explorer" / f"{name}.json").read_text())["image_ids"]
        for name in (*encoders, "thumbnails")
    }
    assert lost in shown["xrv"]
    assert lost not in shown["vit"]
    assert lost in shown["thumbnails"]
    page = (results / "report.html").read_text()
    assert "less than one patch of the encoder" in page


def test_places_are_in_no_settings(place):
    for receipt in (place.path / "results/tiny/receipts/encoded").rglob("*.json"):
        content = json.loads(receipt.read_text())["receipt"]
        if "cfg" in content:
            assert set(content["cfg"]["encoder"]) == set(
                encoder_part(dict.fromkeys([*content["cfg"]["encoder"], "path"]), "features")
            )
