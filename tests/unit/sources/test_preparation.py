"""The secret is there before the jobs begin that may not be able to make it."""

import pytest

from cxr.core.secret import VARIABLE, read_secret
from cxr.sources.preparation import prepare_secret


@pytest.mark.parametrize("kind", ["table", "folders"])
@pytest.mark.parametrize(
    ("file", "content", "made"),
    [
        ("a.DCM", b"", True),
        ("1.2.840.1", bytes(128) + b"DICM", True),
        ("a.png", b"", False),
        ("notes", b"text", False),
    ],
)
def test_the_secret_is_made_for_dicom_files_alone(tmp_path, monkeypatch, kind, file, content, made):
    monkeypatch.delenv(VARIABLE)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "settings"))
    (tmp_path / "own" / "images").mkdir(parents=True)
    (tmp_path / "own" / "images" / file).write_bytes(content)
    prepare_secret([{"kind": "synthetic"}, {"kind": kind, "path": str(tmp_path / "own")}])
    path = tmp_path / "settings" / "cxr-clusters" / "patient-id-secret"
    assert path.exists() == made
    if made:
        assert read_secret(path)


def test_a_home_that_can_not_be_written_stops_no_run(tmp_path, monkeypatch):
    monkeypatch.delenv(VARIABLE)
    (tmp_path / "settings").touch()
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "settings"))
    (tmp_path / "a.dcm").touch()
    prepare_secret([{"kind": "table", "path": str(tmp_path)}])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.dcm", "settings"]
