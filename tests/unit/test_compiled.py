"""The cache of compiled functions sees changes in every module that has some."""

import shutil

import pytest

from cxr import compiled


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A copy of the library, whose cache folder is looked up instead."""
    copy = tmp_path / "cxr"
    shutil.copytree(compiled.PACKAGE, copy, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(compiled, "PACKAGE", copy)
    return copy


@pytest.mark.parametrize("module", ["tree", "neighbourhood", "density", "tsne_exact"])
def test_a_change_leads_to_another_folder(package, module):
    before = compiled.cache_folder()
    with (package / f"{module}.py").open("a") as stream:
        stream.write("# changed\n")
    assert compiled.cache_folder() != before


def test_other_modules_and_repeats_lead_to_the_same_folder(package):
    before = compiled.cache_folder()
    (package / "config.py").write_text("")
    assert compiled.cache_folder() == before
    assert before.parent == package / "__pycache__"


def test_a_library_that_can_not_be_written_uses_the_users_cache(package, tmp_path, monkeypatch):
    (package / "__pycache__").write_text("a file where the folder would be")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "user"))
    assert compiled.cache_folder().parent == tmp_path / "user/cxr-clusters"
    (tmp_path / "user").rename(tmp_path / "gone")
    (tmp_path / "user").write_text("")
    assert compiled.cache_folder() is None
