"""Digests see every byte and every name."""

import os
from pathlib import Path

import pytest

from cxr.core import hashing
from cxr.core.hashing import digest, file_sha256, leads_nowhere


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder of two files, one of them a link, with a place for what is known of it."""
    monkeypatch.chdir(tmp_path)
    place = Path("data")
    (place / "inner").mkdir(parents=True)
    (place / "inner" / "a").write_bytes(b"a" * 100)
    Path("elsewhere").write_bytes(b"b" * 100)
    (place / "b").symlink_to(Path("elsewhere").absolute())
    return place


def test_published_hashes_of_abc(tmp_path):
    (tmp_path / "abc").write_bytes(b"abc")
    assert digest(tmp_path / "abc") == digest(b"abc") == "cf4ab791c62b8d2b2109c90275287816"
    assert file_sha256(tmp_path / "abc") == (
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    )


def test_a_changed_byte_name_or_missing_file_is_seen(folder):
    digests = [digest(folder)]
    assert digest(folder) == digests[0]
    status = (folder / "inner" / "a").stat()
    (folder / "inner" / "a").write_bytes(b"a" * 99 + b"c")
    os.utime(folder / "inner" / "a", ns=(status.st_atime_ns, status.st_mtime_ns))
    digests.append(digest(folder))
    Path("elsewhere").write_bytes(b"d" * 100)
    digests.append(digest(folder))
    (folder / "b").rename(folder / "c")
    digests.append(digest(folder))
    assert not leads_nowhere(folder)
    Path("elsewhere").unlink()
    assert leads_nowhere(folder)
    digests.append(digest(folder))
    (folder / "c").unlink()
    digests.append(digest(folder))
    assert len(set(digests)) == 6


def test_a_copy_and_what_the_workflow_engine_notes_change_nothing(folder):
    before = digest(folder)
    (folder / ".snakemake_timestamp").touch()
    (folder / "b").unlink()
    (folder / "b").write_bytes(b"b" * 100)
    assert digest(folder) == before


def test_files_that_did_not_change_are_not_read_again(folder, monkeypatch):
    before = digest(folder)
    monkeypatch.delattr(hashing.hashlib, "file_digest")
    assert digest(folder) == before
