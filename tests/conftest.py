"""What all tests share."""

import contextlib
import os
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

# torch's compiler imports it, which fails for good where something imported distutils before.
import setuptools  # noqa: F401
from filelock import FileLock

from cxr.core.paths import ROOT
from tests.browser import CHROMIUM
from tests.helpers.study import TINY, Workspace, copy_of, workspace

MIRROR = Path(os.environ.get("CXR_MIRROR", ROOT.parent / "shared" / "data"))


# What some tests need of the machine, by their marker.
NEEDS = {
    "mirror": ("the real data (CXR_MIRROR)", MIRROR.is_dir()),
    "root": ("root, to mount small disks", os.geteuid() == 0),
    "browser": ("chromium", shutil.which(CHROMIUM) is not None),
    "slurm": ("slurm-wlm and munge", shutil.which("sbatch") is not None),
}


# Files that take minutes come first, the longest ones before the others: two processes that share
# the files are then done at about the same time.
LONGEST = (
    "test_slurm.py",
    "test_faults.py",
    "test_variants.py",
    "test_encoders.py",
    "test_external.py",
    "test_asked.py",
    "test_answers.py",
    "test_inputs.py",
    "test_reruns.py",
)


def pytest_collection_modifyitems(config, items):
    """Long files first. Without what they need tests are left out, in CI they fail."""
    places = {name: place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: places.get(item.path.name, len(places)))
    if "CI" in os.environ:
        return
    missing = {marker for marker, (_, there) in NEEDS.items() if not there}
    config.hook.pytest_deselected(items=[i for i in items if missing & set(i.keywords)])
    items[:] = [item for item in items if not missing & set(item.keywords)]


def pytest_report_header():
    """What tests need of the machine, and whether it is there."""
    return [
        f"{marker}: {words}: {'found' if there else 'missing, its tests are deselected'}"
        for marker, (words, there) in NEEDS.items()
    ]


@contextlib.contextmanager
def disk(folder, size):
    """An empty disk of so many bytes, mounted at a new folder for the length of a block."""
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", folder], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


@pytest.fixture(scope="session")
def mirror():
    """The folder with the real data."""
    assert MIRROR.is_dir(), f"no real data in {MIRROR}; set CXR_MIRROR"
    return MIRROR


@pytest.fixture(scope="session", autouse=True)
def _no_cluster(tmp_path_factory):
    """Every call of snakemake asks SLURM's controller for its settings: no waiting for none."""
    folder = tmp_path_factory.mktemp("no-cluster")
    client = folder / "scontrol"
    client.write_text("#!/bin/sh\nexit 1\n")
    client.chmod(0o755)
    os.environ["PATH"] = os.pathsep.join([str(folder), os.environ["PATH"]])


@pytest.fixture(scope="session", autouse=True)
def _patient_secret(tmp_path_factory):
    """Ids of patients are hashed with a secret of the tests, not with the user's."""
    path = tmp_path_factory.mktemp("settings") / "secret"
    path.write_text("0123456789abcdef" * 4)
    path.chmod(0o600)
    os.environ["CXR_PATIENT_SECRET"] = str(path)


@pytest.fixture(scope="session")
def finished(tmp_path_factory, worker_id):
    """The finished run of the tiny study. Not to be changed: take `copied`.

    Processes that test side by side share one run; the first one makes it. Several calls of
    pytest share those in the folder CXR_RUNS.
    """
    base = tmp_path_factory.getbasetemp()
    beside = base if worker_id == "master" else base.parent
    folder = Path(os.environ.get("CXR_RUNS", beside)) / "finished-tiny"
    place = Workspace(folder / "run")
    with FileLock(f"{folder}.lock"):
        if not (folder / "output").exists():
            workspace(place.path).write_config(TINY)
            (folder / "output").write_text(place.snakemake().stderr)
    place.output = (folder / "output").read_text()
    return place


@pytest.fixture
def copied(finished, tmp_path):
    """A copy of the finished run that a test may change."""
    return copy_of(finished, tmp_path / "run")


@pytest.fixture
def rng():
    """A generator with a fixed seed."""
    return np.random.default_rng(2020)
