"""What the page runs on is the pinned archives or nothing."""

import base64
import hashlib
import io
import tarfile

import pytest

from cxr.app import runtime
from cxr.app.runtime import PACKAGES, Package, fetch_runtime, unpack
from cxr.core.errors import InputError


def archive(files):
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w:gz") as tar:
        for name, content in files.items():
            entry = tarfile.TarInfo(f"package/{name}")
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    return data.getvalue()


def pinned(data, files=("dist/a.js",)):
    digest = base64.b64encode(hashlib.sha512(data).digest()).decode()
    return Package("@scope/tool", "1.2.3", f"sha512-{digest}", "MIT", files)


@pytest.fixture
def mirror(tmp_path):
    (tmp_path / "mirror" / "runtime").mkdir(parents=True)
    return tmp_path / "mirror"


def test_archives_are_taken_from_the_mirror(mirror, tmp_path, monkeypatch):
    data = archive({"dist/a.js": b"let a", "dist/b.js": b"let b"})
    package = pinned(data)
    (mirror / "runtime" / "scope-tool-1.2.3.tgz").write_bytes(data)
    monkeypatch.setattr(runtime, "PACKAGES", {"tool": package})
    found = fetch_runtime(tmp_path / "files", mirror)
    assert [path.name for path in (tmp_path / "files" / "tool").iterdir()] == ["a.js"]
    assert found["packages"]["@scope/tool"]["integrity"] == package.integrity


def test_an_archive_that_was_changed_is_refused(mirror, tmp_path, monkeypatch):
    package = pinned(archive({"dist/a.js": b"let a"}))
    (mirror / "runtime" / package.archive).write_bytes(archive({"dist/a.js": b"let evil"}))
    monkeypatch.setattr(runtime, "PACKAGES", {"tool": package})
    with pytest.raises(InputError, match=r"scope-tool-1\.2\.3\.tgz: not the archive"):
        fetch_runtime(tmp_path / "files", mirror)
    assert not (tmp_path / "files").exists()


def test_a_mirror_that_lacks_one_says_how_to_get_it(mirror, tmp_path):
    with pytest.raises(InputError, match=r"npm pack onnxruntime-web@"):
        fetch_runtime(tmp_path / "files", mirror)


def test_an_archive_without_the_file_is_named(tmp_path):
    data = archive({"dist/other.js": b""})
    with pytest.raises(InputError, match=r"holds no file dist/a\.js"):
        unpack(pinned(data), data, tmp_path / "tool")


def test_every_package_is_pinned_to_one_version_by_sha512():
    for package in PACKAGES.values():
        algorithm, digest = package.integrity.split("-", 1)
        assert algorithm == "sha512"
        assert len(base64.b64decode(digest)) == 64
        assert package.version.count(".") == 2
        assert package.licence in ("MIT", "ISC", "BSD-2-Clause", "BSD-3-Clause", "Apache-2.0")
