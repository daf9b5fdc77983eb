"""Names of files mean the files that people mean, never two of them and never one outside."""

import unicodedata

import pytest

from cxr.sources.files import LEAVES
from cxr.sources.image_files import ImageFiles

NFD = unicodedata.normalize("NFD", "Jönköping.png")
FILES = (
    *("a/p1.png", "b/p1.png", "c/p2.PNG", "sub/deep/k.jpeg", "CR.1.2.840.png", "noext", NFD),
    *("00000007.png", "0.png", "x.dcm", "x.png", "IMG 1.JPG", "two  spaces.png", "back\\slash.png"),
    *("__MACOSX/._z.png", ".hidden.png", "report.txt", "report.png"),
)


@pytest.fixture
def files(tmp_path):
    for file in FILES:
        path = tmp_path / "images" / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    (tmp_path / "outside.png").touch()
    return ImageFiles(tmp_path / "images")


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("a/p1.png", "a/p1.png"),
        ("./a//p1.png", "a/p1.png"),
        ("a\\p1.png", "a/p1.png"),
        ("A/P1", "a/p1.png"),
        ("a/p1.dcm", "a/p1.png"),
        ("c/../a/p1.png", "a/p1.png"),
        (r"C:\data\images\a\p1.png", "a/p1.png"),
        (r"\\server\share\b\p1.JPG", "b/p1.png"),
        ("/home/me/a/p1.png", "a/p1.png"),
        ("../images/a/p1.png", "a/p1.png"),
        ("images/a/p1.png", "a/p1.png"),
        ("file:///data/a/p1.png", "a/p1.png"),
        ("p2", "c/p2.PNG"),
        ("k", "sub/deep/k.jpeg"),
        ("deep/k", "sub/deep/k.jpeg"),
        ("CR.1.2.840", "CR.1.2.840.png"),
        ("noext", "noext"),
        ("Jönköping.png", NFD),
        ("7", "00000007.png"),
        ("7.0", "00000007.png"),
        ("'7'", "00000007.png"),
        ("0", "0.png"),
        ("x.png", "x.png"),
        ("img 1.jpg", "IMG 1.JPG"),
        (" img  1 ", "IMG 1.JPG"),
        ("two  spaces.png", "two  spaces.png"),
        ("back\\slash.png", "back\\slash.png"),
        (".hidden.png", ".hidden.png"),
        ("report", "report.png"),
    ],
)
def test_a_name_means_the_only_file_that_fits(files, name, file):
    assert files.find(name) == (file, None)


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("p1.png", "several files fit the name: a/p1.png, b/p1.png"),
        ("x", "several files fit the name: x.dcm, x.png"),
        ("x.tif", "several files fit the name: x.dcm, x.png"),
        ("../secret.png", LEAVES),
        ("a/../../outside.jpg", LEAVES),
    ],
)
def test_what_fits_several_files_or_leaves_the_folder_is_told(files, name, told):
    assert files.find(name).problem == told


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("p9.png", "p9.png"),
        ("07", "07"),
        ("d/p2.png", "d/p2.png"),
        ("/etc/passwd", "etc/passwd"),
        ("outside.png", "outside.png"),
        ("z.png", "z.png"),
        ("", ""),
        (None, ""),
        ("n" * 300, "n" * 300),
    ],
)
def test_a_name_without_a_file_stays_as_it_is(files, name, file):
    assert files.find(name) == (file, None)


def test_a_link_to_a_folder_is_no_way_out(tmp_path, files):
    (tmp_path / "images" / "leak").symlink_to(tmp_path)
    assert ImageFiles(tmp_path / "images").find("outside").file == "outside"
