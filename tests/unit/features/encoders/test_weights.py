"""The files of an encoder come from the hub, its library or this machine, whole or not at all."""

import hashlib
import json

import pytest
import torch

from cxr.core.errors import InputError
from cxr.features.encoders.layouts import files_of_encoder
from cxr.features.encoders.load import load_encoder
from cxr.features.encoders.weights import download_encoder
from tests.helpers.encoders import (
    densenet,
    save_dinov2,
    save_pickled,
    save_timm,
    settings_of,
)
from tests.helpers.hub import COMMIT, OWNER_NAME, hub_of

OF_HUB = settings_of("transformers", model=OWNER_NAME, revision=COMMIT)


@pytest.fixture
def dinov2(tmp_path):
    """As published: with its page, and code that is to stay where it is."""
    folder = save_dinov2(tmp_path / "published")
    (folder / "modeling.py").write_text("raise SystemExit\n")
    (folder / "README.md").write_text("# A network\n")
    return folder


@pytest.fixture
def reach(monkeypatch):
    """Has the hub's client talk to an address, without a login."""

    def at(address):
        monkeypatch.setenv("HF_ENDPOINT", address)
        monkeypatch.setenv("HF_HUB_DISABLE_IMPLICIT_TOKEN", "1")

    return at


def sha256(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_model_of_the_hub_is_downloaded_and_loads(dinov2, reach, tmp_path):
    folder = tmp_path / "results" / "rad-dino"
    with hub_of(dinov2, licence="msrla") as (address, asked):
        reach(address)
        record = download_encoder(OF_HUB, folder, None)
    names = ["README.md", "config.json", "model.safetensors", "preprocessor_config.json"]
    assert sorted(path.name for path in folder.iterdir()) == names
    assert record["files"] == {name: sha256(dinov2 / name) for name in names}
    assert (record["model"], record["revision"]) == (OWNER_NAME, COMMIT)
    assert record["url"] == f"https://huggingface.co/{OWNER_NAME}/tree/{COMMIT}"
    assert record["licence"] == "msrla"
    assert json.loads(json.dumps(record)) == record
    assert "modeling.py" not in {name for _, name in asked}
    assert [path.name for path in folder.parent.iterdir()] == ["rad-dino"]
    assert load_encoder(OF_HUB, folder).dimension == 32


def test_a_new_download_replaces_the_old_files(dinov2, reach, tmp_path):
    folder = tmp_path / "rad-dino"
    folder.mkdir()
    (folder / "old.bin").write_bytes(b"1")
    with hub_of(dinov2) as (address, _):
        reach(address)
        download_encoder(OF_HUB, folder, None)
    assert not (folder / "old.bin").exists()


@pytest.mark.parametrize("status", [401, 403])
def test_a_gated_model_says_what_to_do(status, dinov2, reach, tmp_path):
    line = (
        f"{OWNER_NAME} is gated: accept its terms at https://huggingface.co/{OWNER_NAME}, then "
        f"log in with `hf auth login` or set HF_TOKEN, and run again"
    )
    with hub_of(dinov2, gated=status) as (address, _):
        reach(address)
        with pytest.raises(InputError) as caught:
            download_encoder(OF_HUB, tmp_path / "a", None)
    assert str(caught.value) == line
    assert not (tmp_path / "a").exists()


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({"revision": "f" * 40}, f"{OWNER_NAME} has no revision ffff"),
        ({"model": "owner/other"}, "the hub has no model owner/other, or a private one"),
    ],
)
def test_what_the_hub_has_not_is_one_line(changes, line, dinov2, reach, tmp_path):
    with hub_of(dinov2) as (address, _):
        reach(address)
        with pytest.raises(InputError, match=line):
            download_encoder({**OF_HUB, **changes}, tmp_path / "a", None)
    assert not (tmp_path / "a").exists()


def test_a_damaged_transfer_leaves_nothing_and_heals(dinov2, reach, tmp_path):
    folder = tmp_path / "a"
    with hub_of(dinov2, damage="flip") as (address, _):
        reach(address)
        with pytest.raises(InputError, match=r"model.safetensors came damaged"):
            download_encoder(OF_HUB, folder, None)
    assert not folder.exists()
    with hub_of(dinov2) as (address, _):
        reach(address)
        download_encoder(OF_HUB, folder, None)
    assert sha256(folder / "model.safetensors") == sha256(dinov2 / "model.safetensors")


def test_a_truncated_transfer_is_one_line(dinov2, reach, tmp_path):
    with hub_of(dinov2, damage="cut") as (address, _):
        reach(address)
        with pytest.raises(InputError, match="can't be downloaded") as caught:
            download_encoder(OF_HUB, tmp_path / "a", None)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "a").exists()


def test_a_hub_out_of_reach_names_the_mirror(reach, tmp_path):
    reach("http://127.0.0.1:9")
    with pytest.raises(InputError, match="check the network, or give a mirror"):
        download_encoder(OF_HUB, tmp_path / "a", None)


def test_a_mirror_and_a_path_are_linked(dinov2, reach, tmp_path):
    reach("http://127.0.0.1:9")
    by_mirror = download_encoder(OF_HUB, tmp_path / "a", dinov2)
    settings = settings_of("transformers", path=str(dinov2))
    by_path = download_encoder(settings, tmp_path / "b", None)
    assert by_mirror["files"] == by_path["files"]
    assert "modeling.py" not in by_path["files"]
    link = tmp_path / "b" / "model.safetensors"
    assert link.is_symlink()
    assert link.readlink().is_absolute()
    assert load_encoder(settings, tmp_path / "b").dimension == 32


def test_models_of_timm_come_from_a_mirror_under_their_own_name(tmp_path):
    save_timm(tmp_path / "mirror", "resnet18.a1_in1k", img_size=None, depth=None)
    settings = settings_of("timm", model="resnet18.a1_in1k")
    record = download_encoder(settings, tmp_path / "a", tmp_path / "mirror")
    assert list(record["files"]) == ["config.json", "model.safetensors"]
    assert load_encoder(settings, tmp_path / "a").dimension == 512


def test_models_of_timm_are_found_on_the_hub_at_their_newest_commit(reach, tmp_path):
    name = "resnet18.a1_in1k"
    save_timm(tmp_path / "published", name, img_size=None, depth=None)
    with hub_of(tmp_path / "published", name=f"timm/{name}") as (address, _):
        reach(address)
        record = download_encoder(settings_of("timm", model=name), tmp_path / "a", None)
    assert record["revision"] == COMMIT
    assert list(record["files"]) == ["config.json", "model.safetensors"]


@pytest.mark.parametrize(
    ("model", "line"),
    [
        ("resnet19", r"timm \S+ has no model resnet19"),
        ("resnet18.of_nobody", "timm has no weights"),
    ],
)
def test_models_that_timm_has_not_are_one_line(model, line, tmp_path):
    with pytest.raises(InputError, match=line):
        download_encoder(settings_of("timm", model=model), tmp_path / "a", None)


def test_torchxrayvision_has_its_own_address_and_a_checksum(tmp_path, monkeypatch):
    import torchxrayvision

    path = save_pickled(densenet(), tmp_path / "published" / "densenet.pt")
    name = "densenet121-res224-all"
    settings = settings_of("torchxrayvision", model=name)
    with hub_of(path.parent) as (address, _):
        url = f"{address}/{OWNER_NAME}/resolve/{COMMIT}/densenet.pt"
        known = {**torchxrayvision.models.model_urls[name], "weights_url": url}
        monkeypatch.setitem(torchxrayvision.models.model_urls, name, known)
        record = download_encoder({**settings, "sha256": None}, tmp_path / "a", None)
        assert record["files"] == {"densenet.pt": sha256(path)}
        assert record["url"] == url
        assert "Cohen" in record["citation"]
        assert load_encoder(settings, tmp_path / "a").dimension == 1024
        monkeypatch.setattr("cxr.download.http.ATTEMPTS", 1)
        with pytest.raises(InputError, match="its SHA-256 is"):
            download_encoder({**settings, "sha256": "0" * 64}, tmp_path / "b", None)


def test_what_the_config_says_of_licence_and_citation_counts(tmp_path):
    path = save_pickled({"a": torch.zeros(1)}, tmp_path / "x" / "densenet.pt")
    said = {"licence": "CC BY 4.0", "citation": "A. Nother, 2026"}
    settings = {**settings_of("torchxrayvision", path=str(path)), **said}
    record = download_encoder(settings, tmp_path / "a", None)
    assert {key: record[key] for key in said} == said


SHARDS = ["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"]


@pytest.mark.parametrize(
    ("library", "names", "chosen"),
    [
        ("timm", ["model.safetensors", "pytorch_model.bin"], ["model.safetensors"]),
        (
            "timm",
            ["pytorch_model.bin", "config.json", "x.py"],
            ["config.json", "pytorch_model.bin"],
        ),
        (
            "timm",
            [*SHARDS, "model.safetensors.index.json", "flax_model.msgpack"],
            [*SHARDS, "model.safetensors.index.json"],
        ),
        ("torchxrayvision", ["a.pt", "LICENSE", "b.txt"], ["LICENSE", "a.pt"]),
    ],
)
def test_the_files_of_a_layout(library, names, chosen):
    assert files_of_encoder(library, names, "there") == chosen


@pytest.mark.parametrize(
    ("library", "names", "line"),
    [
        ("timm", ["config.json"], "there: no weights as timm saves them"),
        ("transformers", ["model.safetensors", "config.json"], "no preprocessor_config.json"),
        ("transformers", ["model.safetensors", "preprocessor_config.json"], "no config.json"),
        ("torchxrayvision", ["a.pt", "b.pt"], "there: 2 files of weights"),
        ("torchxrayvision", [], "there: 0 files of weights"),
    ],
)
def test_files_that_a_layout_lacks_are_one_line(library, names, line):
    with pytest.raises(InputError, match=line):
        files_of_encoder(library, names, "there")


def test_a_mirror_without_the_folder_is_one_line(tmp_path):
    with pytest.raises(InputError, match="no such folder; put the files of the encoder there"):
        download_encoder(OF_HUB, tmp_path / "a", tmp_path / "mirror")
