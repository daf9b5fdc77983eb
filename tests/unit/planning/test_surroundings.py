"""What can't be written is said before a run, and caches go where they can be."""

import os
from pathlib import Path

import pytest

from cxr.core.errors import InputError
from cxr.planning.surroundings import (
    require_places,
    require_readable,
    require_state,
    use_writable_caches,
)


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path, monkeypatch):
    """A folder with results, and no rights of root: a mode without w can't be written."""
    monkeypatch.chdir(tmp_path)
    Path("results/tiny/figures").mkdir(parents=True)
    wanted = {os.R_OK: 0o400, os.W_OK: 0o200, os.X_OK: 0o100}

    def access(path, mode):
        allowed = Path(path).stat().st_mode
        return all(allowed & bit for right, bit in wanted.items() if mode & right)

    monkeypatch.setattr(os, "access", access)


def line_of(check, *arguments):
    with pytest.raises(InputError) as error:
        check(*arguments)
    return str(error.value)


@pytest.mark.parametrize("refusing", ["results", "results/tiny", "results/tiny/figures"])
def test_the_topmost_folder_that_can_not_be_written_is_named(refusing):
    folders = [Path("results/tiny/figures"), Path("results/tiny"), Path("results")]
    for folder in folders:
        if folder.is_relative_to(refusing):
            folder.chmod(0o555)
    line = line_of(require_places, ["results/tiny/figures/new/maps.svg"])
    assert line.startswith(f"{refusing}: can't be written; make it writable")
    assert line.endswith(" and run again")


def test_a_folder_that_need_not_be_written_may_refuse():
    Path("results").chmod(0o555)
    assert require_places(["results/tiny/figures/maps.svg"]) is None


def test_a_file_that_can_not_be_written_is_named():
    file = Path("results/tiny/figures/maps.svg")
    file.touch()
    file.chmod(0o444)
    assert line_of(require_places, [file]).startswith(f"{file}: can't be written; make it writable")


@pytest.mark.parametrize("kind", ["file", "dangling link"])
def test_what_is_no_folder_is_named(kind):
    place = Path("results/tiny/logs")
    place.touch() if kind == "file" else place.symlink_to("nowhere")
    assert line_of(require_places, [place / "a.log"]).startswith(f"{place}: not a folder; move ")


def test_results_that_are_a_file_or_can_not_be_read_are_named():
    Path("results/tiny/figures").chmod(0o300)
    line = line_of(require_readable, Path("results"), "tiny")
    assert line == "results/tiny/figures: can't be read; make it readable and run again"
    Path("results/other").touch()
    assert line_of(require_readable, Path("results"), "other").startswith("results/other: not a ")
    require_readable(Path("none"), "tiny")


def test_a_file_in_place_of_snakemakes_folder_is_named():
    Path(".snakemake").touch()
    assert line_of(require_state) == ".snakemake: File exists; move it away and run again"


def test_caches_fall_back_only_where_a_users_can_not_be_written(tmp_path, monkeypatch):
    monkeypatch.delenv("MPLCONFIGDIR", raising=False)
    for name in ("CACHE", "CONFIG"):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(tmp_path / name))
    monkeypatch.setenv("TRITON_CACHE_DIR", str(tmp_path / "triton"))
    use_writable_caches()
    assert os.environ["XDG_CACHE_HOME"] == str(tmp_path / "CACHE")
    assert "MPLCONFIGDIR" not in os.environ
    assert os.environ["TRITON_CACHE_DIR"] == str(tmp_path / "triton")
    monkeypatch.setenv("TRITON_CACHE_DIR", str(tmp_path / "file" / "triton"))
    (tmp_path / "file").touch()
    for name in ("CACHE", "CONFIG"):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(tmp_path / "file" / name))
    monkeypatch.setenv("MPLCONFIGDIR", "")  # is put back after the test
    monkeypatch.delenv("MPLCONFIGDIR")
    use_writable_caches()
    below = str(tmp_path / ".snakemake" / "cxr" / "cache")
    assert os.environ["XDG_CACHE_HOME"] == below
    assert os.environ["MPLCONFIGDIR"] == f"{below}/matplotlib"
    assert os.environ["TRITON_CACHE_DIR"] == f"{below}/triton"
