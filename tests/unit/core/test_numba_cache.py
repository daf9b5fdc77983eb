"""The cache of compiled functions sees changes in every module that has some."""

import os
import shutil
import subprocess
import sys

import pytest

from cxr.core import numba_cache as compiled


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A copy of the library, whose cache folder is looked up instead."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "user"))
    monkeypatch.setattr(compiled, "PACKAGE", copy_to(tmp_path / "cxr"))
    return compiled.PACKAGE


def copy_to(path):
    shutil.copytree(compiled.PACKAGE, path, ignore=shutil.ignore_patterns("__pycache__"))
    return path


@pytest.mark.parametrize(
    "module",
    [
        "clustering/kdtree",
        "clustering/radius_search",
        "clustering/dbscan_kernels",
        "embedding/tsne_exact",
    ],
)
def test_a_change_leads_to_another_folder(package, module):
    before = compiled.cache_folder()
    with (package / f"{module}.py").open("a") as stream:
        stream.write("# changed\n")
    assert compiled.cache_folder() != before


def test_other_modules_and_repeats_lead_to_the_same_folder(package, tmp_path):
    before = compiled.cache_folder()
    (package / "config.py").write_text("")
    assert compiled.cache_folder() == before
    assert before.parent == tmp_path / "user/cxr-clusters"


def test_without_a_users_cache_it_lies_beside_the_modules(package, tmp_path):
    (tmp_path / "user").write_text("")
    assert compiled.cache_folder().parent == package / "__pycache__"
    shutil.rmtree(package / "__pycache__")
    (package / "__pycache__").write_text("a file where the folder would be")
    assert compiled.cache_folder() is None


COUNT = """
import numpy as np
from cxr.embedding.tsne_exact import divergence
divergence(np.eye(3), np.arange(3.0), np.arange(3.0))
print(sum(divergence.stats.cache_hits.values()))
"""


def test_another_copy_finds_what_the_first_one_compiled(tmp_path):
    found = []
    for name in ("one", "two"):
        copy_to(tmp_path / name / "cxr")
        environment = {"PYTHONPATH": str(tmp_path / name), "XDG_CACHE_HOME": str(tmp_path / "user")}
        found += subprocess.check_output(
            [sys.executable, "-c", COUNT], env=os.environ | environment, text=True
        ).split()
    assert found == ["0", "1"]
