"""A bad image costs just itself, and is listed with its reason."""

import hashlib
import os
import struct

import pandas as pd
import pytest
from PIL import Image

from cxr.images.inspection import channel_count, chunk_of
from cxr.metadata.schema import Reading
from tests.helpers.inspection import inspected_reading


@pytest.mark.parametrize(
    ("mode", "saved", "expected"),
    [
        ("L", {}, 1),
        ("L", {"transparency": 0}, 2),
        ("LA", {}, 2),
        ("I;16", {}, 1),
        ("P", {}, 3),
        ("P", {"transparency": 0}, 4),
        ("RGB", {}, 3),
        ("RGB", {"transparency": (0, 0, 0)}, 4),
        ("RGBA", {}, 4),
    ],
)
def test_channels_tell_colour_and_transparency(tmp_path, mode, saved, expected):
    Image.new(mode, (4, 4)).save(tmp_path / "a.png", **saved)
    with Image.open(tmp_path / "a.png") as image:
        assert channel_count(image) == expected


def broken(folder, radiograph):
    """Unusable files by name, with the reason that each should get."""
    Image.fromarray(radiograph).save(folder / "whole.png")
    Image.fromarray(radiograph).save(folder / "whole.jpg")
    frames = [Image.fromarray(radiograph), Image.fromarray(radiograph[::-1].copy())]
    frames[0].save(folder / "stack.tif", save_all=True, append_images=frames[1:])
    (folder / "empty.png").touch()
    (folder / "cut.png").write_bytes((folder / "whole.png").read_bytes()[:-400])
    (folder / "cut.jpg").write_bytes((folder / "whole.jpg").read_bytes()[:-400])
    (folder / "text.jpg").write_text("<svg onload='alert(1)'/>")
    Image.fromarray(radiograph[:1, :1]).save(folder / "tiny.png")
    (folder / "folder.png").mkdir()
    (folder / "link.png").symlink_to("nowhere.png")
    (folder / "header.png").write_bytes((folder / "whole.png").read_bytes()[:20])
    (folder / "paper.png").write_bytes(b"%PDF-1.7 ...")
    os.mkfifo(folder / "pipe.png")
    return {
        "empty.png": "the file is empty",
        "cut.png": "truncated or damaged",
        "cut.jpg": "truncated or damaged",
        "text.jpg": "not an image that can be read: SVG",
        "stack.tif": "a stack of several images",
        "missing.png": "no such file",
        f"{'long' * 99}.png": "no such file",
        "tiny.png": "smaller than 64 pixels",
        "folder.png": "a folder, not a file",
        "link.png": "a broken link",
        "header.png": "truncated or damaged",
        "paper.png": "not an image that can be read: a PDF document",
        "pipe.png": "not a regular file",
        "../outside.png": "the file name leaves the source's folder",
        "/etc/hostname": "the file name leaves the source's folder",
    }


def test_what_a_damaged_tag_makes_of_its_reader_costs_the_image_alone(tmp_path, radiograph):
    page = Image.fromarray(radiograph)
    page.save(tmp_path / "whole.png")
    page.save(tmp_path / "stack.tif", save_all=True, append_images=[page])
    before, width, after = (tmp_path / "stack.tif").read_bytes().rpartition(b"\0\1\4\0")
    (tmp_path / "no width.tif").write_bytes(before + b"\xff" + width[1:] + after)
    tags = Image.Exif()
    tags[0x0112], tags[0x011A] = 6, 72.0
    as_text = tags.tobytes().replace(struct.pack(">HH", 0x011A, 5), struct.pack(">HH", 0x011A, 2))
    page.save(tmp_path / "odd.jpg", exif=as_text)
    measured, _ = inspected_reading(
        reading(["no width.tif", "odd.jpg", "whole.png"]), tmp_path, 64, 1
    )
    assert measured.rows["file"].tolist() == ["whole.png"]
    assert set(measured.rejected["reason"]) == {"truncated or damaged"}
    assert set(measured.rejected["file"]) == {"no width.tif", "odd.jpg"}


def reading(files):
    rows = pd.DataFrame({"image_id": [f"s/{f}" for f in files], "source": "s", "file": files})
    rows["patient_id"] = "s:1"
    return Reading.of(rows)


def test_an_image_stays_in_its_chunk_whatever_comes_or_goes():
    rows = reading([f"{number}.png" for number in range(300)]).rows
    chunks = [set(chunk_of(rows, number, 4)["file"]) for number in range(4)]
    assert set.union(*chunks) == set(rows["file"])
    assert sum(map(len, chunks)) == len(rows)
    assert min(map(len, chunks)) > 40
    fewer = rows.iloc[5::2]
    assert [set(chunk_of(fewer, n, 4)["file"]) for n in range(4)] == [
        chunk & set(fewer["file"]) for chunk in chunks
    ]


def test_a_bad_image_costs_just_itself_and_is_listed_with_its_reason(tmp_path, radiograph):
    expected = broken(tmp_path, radiograph)
    (tmp_path / "named.png").write_bytes((tmp_path / "whole.jpg").read_bytes())
    good = ["whole.png", "whole.jpg", "named.png"]
    measured, _ = inspected_reading(reading([*good, *expected]), tmp_path, 64, threads=2)
    rows = measured.rows.set_index("file")
    assert sorted(rows.index) == sorted(good)
    assert rows.loc[good, "format"].tolist() == ["png", "jpeg", "jpeg"]
    assert rows.loc["whole.png", ["width", "height"]].tolist() == [120, 90]
    digest = hashlib.sha256((tmp_path / "whole.png").read_bytes()).hexdigest()
    assert rows.loc["whole.png", "sha256"] == digest
    assert measured.rejected.set_index("file")["reason"].to_dict() == expected
