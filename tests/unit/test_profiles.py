"""What the profiles ask a cluster, or a workstation, for."""

import glob
import os
import re
import sys

import pytest
from snakemake.profiles import ProfileConfigFileParser

from cxr.core.paths import ROOT

SITES = sorted(path.name for path in (ROOT / "profiles/sites").iterdir())
SITE_LINE = re.compile(r"^  - [A-Z_]+ = (?!\[).*$", re.MULTILINE)
ON_GPUS = {"train", "train_part", "retrain", "train_fold", "encode", "encode_external"}
MAPS = {"embed", "search_nulls", "repeat_search", "assess_evidence"}


@pytest.fixture
def resources(tmp_path, monkeypatch):
    """The resources by rule that the SLURM profile sets for a study, on a site of its own."""
    profile = (ROOT / "profiles/slurm/profile.yaml").read_text()
    monkeypatch.chdir(tmp_path)

    def parsed(study, *words, gpus=1):
        (tmp_path / "study.yaml").write_text(study)
        monkeypatch.setattr(sys, "argv", ["snakemake", *words])
        site = profile.replace('GPU_PARTITION = ""', 'GPU_PARTITION = "cards"')
        path = tmp_path / "profile.yaml"
        path.write_text(site.replace("GPUS = 1", f"GPUS = {gpus}"))
        with path.open() as stream:
            entries = ProfileConfigFileParser().parse(stream)["set-resources"]
        found = {}
        for entry in entries:
            rule, assigned = entry.split(":", 1)
            found.setdefault(rule, set()).add(assigned)
        return found

    return parsed


@pytest.mark.parametrize("words", [("--configfile", "study.yaml"), ("--configfile=study.yaml",)])
def test_maps_on_a_gpu_go_where_the_gpus_are(resources, words):
    found = resources("embedding: {device: gpu}", *words)
    assert set(found) == ON_GPUS | MAPS
    assert all(each == {"gpu=1", "slurm_partition=cards"} for each in found.values())


@pytest.mark.parametrize(
    "study", ["embedding: {device: cpu}", "device: gpu", "embedding:", "- a list", "a: [", ""]
)
def test_other_maps_do_without(resources, study):
    found = resources(study, "--configfile", "study.yaml")
    assert set(found) == ON_GPUS


def test_the_default_study_is_read_where_none_is_named(resources, tmp_path):
    (tmp_path / "config").mkdir()
    (tmp_path / "config/config.yaml").write_text("embedding: {device: gpu}")
    assert set(resources("", "--cores", "2")) == ON_GPUS | MAPS
    assert set(resources("", "--configfile", "study.yaml")) == ON_GPUS


def test_a_site_without_gpus_asks_for_none(resources):
    found = resources("embedding: {device: gpu}", "--configfile", "study.yaml", gpus=0)
    assert set(found) == ON_GPUS | MAPS
    assert all(each == {"gpu=0"} for each in found.values())


@pytest.mark.parametrize(
    ("cards", "slots", "words", "expected"),
    [
        (["/dev/nvidia0"], 1, (), ["gpu=1"]),
        (["/dev/nvidia0"], 4, (), ["gpu=4"]),  # small trainings share a card
        ([], 4, (), ["gpu=6"]),  # no card: as many as there are cores
        (["/dev/nvidia0"], 4, ("--profile", "profiles/slurm"), None),  # the cluster has a queue
    ],
)
def test_trainings_share_a_card_by_slots(tmp_path, monkeypatch, cards, slots, words, expected):
    monkeypatch.setattr(sys, "argv", ["snakemake", *words])
    monkeypatch.setattr(glob, "glob", lambda pattern: cards)
    monkeypatch.setattr(os, "cpu_count", lambda: 6)
    text = (ROOT / "profiles/default/profile.yaml").read_text()
    path = tmp_path / "profile.yaml"
    path.write_text(text.replace("GPU_SLOTS = 1", f"GPU_SLOTS = {slots}"))
    with path.open() as stream:
        assert ProfileConfigFileParser().parse(stream).get("resources") == expected


def parsed(path, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["snakemake", "--configfile", "study.yaml"])
    with path.open() as stream:
        return ProfileConfigFileParser().parse(stream)


@pytest.mark.parametrize("kind", SITES)
def test_an_example_of_a_site_differs_in_the_sites_lines_alone(kind):
    ours = (ROOT / "profiles/slurm/profile.yaml").read_text()
    example = (ROOT / "profiles/sites" / kind / "profile.yaml").read_text()
    comment, example = example.split("\n", 1)
    assert comment.startswith("# ")
    assert len(SITE_LINE.findall(example)) == len(SITE_LINE.findall(ours)) == 8
    example = example.replace(f"profiles/sites/{kind}", "profiles/slurm")
    assert SITE_LINE.sub("", example) == SITE_LINE.sub("", ours)
    assert SITE_LINE.findall(example) != SITE_LINE.findall(ours)


@pytest.mark.parametrize(
    ("kind", "options", "everywhere", "training"),
    [
        (
            "partitions",
            {"slurm-qos": "normal"},
            {"slurm_partition=standard", "slurm_account=lab-chest"},
            {"gpu=1", "slurm_partition=gpu"},
        ),
        (
            "constraint",
            {},
            {"slurm_partition=work"},
            {"gpu=1", "constraint=a100|h100"},
        ),
        ("no-accounting", {"slurm-status-command": "squeue"}, set(), {"gpu=0"}),
    ],
)
def test_an_example_of_a_site_asks_for_what_it_says(
    kind, options, everywhere, training, monkeypatch
):
    entries = parsed(ROOT / "profiles/sites" / kind / "profile.yaml", monkeypatch)
    chosen = {
        name: entries[name] for name in ("slurm-qos", "slurm-status-command") if name in entries
    }
    assert chosen == options
    assert set(entries["default-resources"]) == everywhere | {"mem_mb=2000", "runtime=30"}
    of_train = [entry for entry in entries["set-resources"] if entry.startswith("train:")]
    assert {entry.partition(":")[2] for entry in of_train} == training
