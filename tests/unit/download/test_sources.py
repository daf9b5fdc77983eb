"""Sources are obtained whole or not at all, and nothing leaves its folder."""

import hashlib

import pytest

from cxr.core.errors import InputError
from cxr.download.sources import Source, folder_digest, obtain_source
from tests.helpers.obtaining import FILES, fill, held


def directory(path):
    return Source.of({"kind": "directory", "path": str(path)}, None)


def test_a_directory_is_linked_with_its_provenance(tmp_path):
    source = fill(tmp_path / "source")
    provenance = obtain_source("d", directory(source), tmp_path / "out" / "d")
    assert held(tmp_path / "out" / "d") == FILES
    assert all(path.is_symlink() for path in (tmp_path / "out" / "d").rglob("*.png"))
    lines = sorted(f"{hashlib.sha256(data).hexdigest()}  {name}\n" for name, data in FILES.items())
    expected = hashlib.sha256("".join(lines).encode()).hexdigest()
    assert provenance["content_hash"] == expected
    assert provenance["files"] == 3
    assert provenance["bytes"] == sum(map(len, FILES.values()))
    assert provenance["origin"] == "local directory"


def test_the_content_hash_sees_names_and_bytes(tmp_path):
    hashes = {
        folder_digest(fill(tmp_path / "a"))["content_hash"],
        folder_digest(fill(tmp_path / "b", FILES | {"metadata.csv": b"a,c\n"}))["content_hash"],
        folder_digest(fill(tmp_path / "c", {f"x{name}": data for name, data in FILES.items()}))[
            "content_hash"
        ],
    }
    assert len(hashes) == 3
    assert (
        folder_digest(fill(tmp_path / "d"))["content_hash"]
        == folder_digest(tmp_path / "a")["content_hash"]
    )


def test_links_that_lead_out_are_left_out_and_named(tmp_path, caplog):
    source = fill(tmp_path / "source")
    (tmp_path / "secret").write_text("secret")
    (source / "leak.png").symlink_to(tmp_path / "secret")
    (source / "inside.png").symlink_to(source / "images" / "two.png")
    (source / "circle.png").symlink_to("circle.png")
    obtain_source("d", directory(source), tmp_path / "out")
    assert held(tmp_path / "out") == FILES | {"inside.png": b"2"}
    assert "leak.png" in caplog.text


def test_linked_folders_are_followed_inside_the_source_and_named_where_they_lead_out(
    tmp_path, caplog
):
    source = fill(tmp_path / "source")
    fill(tmp_path / "elsewhere", {"secret.png": b"secret"})
    (source / "leak").symlink_to(tmp_path / "elsewhere")
    (source / "same").symlink_to(source / "images")
    (source / "images" / "circle").symlink_to(source)
    obtain_source("d", directory(source), tmp_path / "out")
    again = {"same/one.png": FILES["images/one.png"], "same/two.png": FILES["images/two.png"]}
    assert held(tmp_path / "out") == FILES | again
    assert "source/leak: leads out of its folder" in caplog.text
    assert "images/circle: leads out of its folder or in a circle" in caplog.text


@pytest.mark.parametrize("make", [lambda path: None, lambda path: path.mkdir()])
def test_a_missing_or_empty_directory_is_named_and_leaves_nothing(tmp_path, make):
    make(tmp_path / "source")
    with pytest.raises(InputError, match=r"source"):
        obtain_source("d", directory(tmp_path / "source"), tmp_path / "out" / "d")
    assert not (tmp_path / "out" / "d").exists()
    assert list((tmp_path / "out").iterdir()) == []


def test_a_source_replaces_what_was_there(tmp_path):
    fill(tmp_path / "out", {"old.png": b"old"})
    obtain_source("d", directory(fill(tmp_path / "source")), tmp_path / "out")
    assert held(tmp_path / "out") == FILES


def test_a_mirror_stands_in_for_a_download(tmp_path):
    fill(tmp_path / "mirror" / "upstream")
    source = {
        "kind": "archive",
        "url": "https://example.org/a.zip",
        "sha256": None,
        "folder": "upstream",
    }
    provenance = obtain_source("d", Source.of(source, tmp_path / "mirror"), tmp_path / "out")
    assert held(tmp_path / "out") == FILES
    assert provenance["origin"] == "local mirror"
    assert provenance["url"] == "https://example.org/a.zip"
    with pytest.raises(InputError, match="mirror/other"):
        obtain_source(
            "d", Source.of(source | {"folder": "other"}, tmp_path / "mirror"), tmp_path / "out2"
        )


def test_a_synthetic_source_is_made(tmp_path):
    source = {
        "kind": "synthetic",
        "patients": 4,
        "images_per_patient": 1.0,
        "image_size": 64,
        "variants": 1,
        "variant_strength": 1.0,
        "variant_sites": False,
        "seed": 1,
    }
    provenance = obtain_source("d", Source.of(source, tmp_path), tmp_path / "out")
    assert provenance["origin"] == "synthetic"
    assert (tmp_path / "out" / "metadata.csv").is_file()
