"""Every kind of image file is decoded alike, or costs just itself."""

import hashlib
import struct

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from cxr.core.errors import InputError
from cxr.images.canonical import canonical, fill_cache
from cxr.images.decode import UnusableImage, locate, read_grey
from cxr.images.duplicates import near_duplicates, perceptual_hash
from cxr.images.inspection import channel_count, inspect_images
from cxr.metadata.schema import Reading


@pytest.fixture
def radiograph(rng):
    """A smooth grey image, shape (90, 120)."""
    coarse = Image.fromarray(rng.integers(0, 255, (6, 8), dtype=np.uint8))
    return np.array(coarse.resize((120, 90), Image.Resampling.BICUBIC))


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA", "LA", "P", "CMYK"])
def test_every_mode_becomes_the_same_grey(tmp_path, radiograph, mode):
    path = tmp_path / ("a.tif" if mode == "CMYK" else "a.png")
    Image.fromarray(radiograph).convert(mode).save(path)
    np.testing.assert_allclose(read_grey(path).astype(int), radiograph, atol=1)


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


@pytest.mark.parametrize(
    ("dtype", "scale"), [(np.uint16, 16), (np.uint16, 257), (np.float32, 0.01)]
)
def test_deeper_pixels_use_their_own_range(tmp_path, radiograph, dtype, scale):
    full = np.interp(radiograph, [radiograph.min(), radiograph.max()], [0, 255])
    path = tmp_path / "a.tif"
    Image.fromarray((full * scale).astype(dtype)).save(path)
    np.testing.assert_allclose(read_grey(path).astype(int), full, atol=1)


def test_a_flat_deep_image_is_black(tmp_path):
    Image.fromarray(np.full((9, 9), 4000, dtype=np.uint16)).save(tmp_path / "a.png")
    assert (read_grey(tmp_path / "a.png") == 0).all()


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
    return {
        "empty.png": "the file is empty",
        "cut.png": "truncated or damaged",
        "cut.jpg": "truncated or damaged",
        "text.jpg": "not an image that can be read",
        "stack.tif": "a stack of several images",
        "missing.png": "no such file",
        f"{'long' * 99}.png": "no such file",
        "tiny.png": "smaller than 64 pixels",
        "folder.png": "truncated or damaged",
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
    measured, _ = inspect_images(reading(["no width.tif", "odd.jpg", "whole.png"]), tmp_path, 64, 1)
    assert measured.rows["file"].tolist() == ["whole.png"]
    assert set(measured.rejected["reason"]) == {"truncated or damaged"}
    assert set(measured.rejected["file"]) == {"no width.tif", "odd.jpg"}


def reading(files):
    rows = pd.DataFrame({"image_id": [f"s/{f}" for f in files], "source": "s", "file": files})
    rows["patient_id"] = "s:1"
    return Reading.of(rows)


def test_a_bad_image_costs_just_itself_and_is_listed_with_its_reason(tmp_path, radiograph):
    expected = broken(tmp_path, radiograph)
    (tmp_path / "named.png").write_bytes((tmp_path / "whole.jpg").read_bytes())
    good = ["whole.png", "whole.jpg", "named.png"]
    measured, _ = inspect_images(reading([*good, *expected]), tmp_path, 64, threads=2)
    rows = measured.rows.set_index("file")
    assert sorted(rows.index) == sorted(good)
    assert rows.loc[good, "format"].tolist() == ["png", "jpeg", "jpeg"]
    assert rows.loc["whole.png", ["width", "height"]].tolist() == [120, 90]
    digest = hashlib.sha256((tmp_path / "whole.png").read_bytes()).hexdigest()
    assert rows.loc["whole.png", "sha256"] == digest
    assert measured.rejected.set_index("file")["reason"].to_dict() == expected


def test_an_image_may_have_200_million_pixels(tmp_path):
    Image.new("1", (10_000, 9_500)).save(tmp_path / "large.png")
    assert read_grey(tmp_path / "large.png").shape == (9_500, 10_000)
    Image.new("1", (20_001, 10_000)).save(tmp_path / "too large.png")
    with pytest.raises(UnusableImage, match="more than 200 million pixels"):
        read_grey(tmp_path / "too large.png")


@pytest.mark.parametrize("square", ["crop", "stretch", "pad"])
@pytest.mark.parametrize("shape", [(90, 120), (300, 40), (70, 70), (1, 5)])
def test_canonical_images_are_square_and_of_one_size(rng, square, shape):
    image = rng.integers(0, 255, shape, dtype=np.uint8)
    result = canonical(image, 48, square)
    assert result.shape == (48, 48)
    assert result.dtype == np.uint8


def test_crop_does_not_depend_on_what_lies_outside_the_square(radiograph):
    wide = np.pad(radiograph, ((0, 0), (200, 200)), constant_values=255)
    first = canonical(np.ascontiguousarray(radiograph[:, 15:105]), 48, "crop")
    np.testing.assert_array_equal(canonical(radiograph, 48, "crop"), first)
    assert canonical(wide, 48, "crop").shape == (48, 48)


def test_near_duplicates_are_found_through_re_encoding_and_nothing_else(tmp_path, rng):
    images = []
    for _ in range(6):
        coarse = Image.fromarray(rng.integers(0, 255, (9, 9), dtype=np.uint8))
        images.append(np.array(coarse.resize((200, 180), Image.Resampling.BICUBIC)))
    Image.fromarray(images[4]).resize((150, 135)).save(tmp_path / "a.jpg", quality=60)
    images.append(read_grey(tmp_path / "a.jpg"))
    hashes = np.array([perceptual_hash(image) for image in images])
    pixels = np.array([canonical(image, 64, "crop") for image in images])
    assert near_duplicates(hashes, pixels, bits=8, correlation=0.95).tolist() == [[4, 6]]
    assert near_duplicates(hashes[:0], pixels[:0], bits=8, correlation=0.95).shape == (0, 2)


def test_the_cache_follows_the_order_of_the_rows(tmp_path, radiograph):
    for name, image in (("a.png", radiograph), ("b.png", radiograph[::-1])):
        Image.fromarray(np.ascontiguousarray(image)).save(tmp_path / name)
    rows = pd.DataFrame({"source": "s", "file": ["b.png", "a.png"]})
    pixels = np.zeros((2, 32, 32), dtype=np.uint8)
    hashes = fill_cache(rows, {"s": tmp_path}, pixels, "crop", threads=2)
    np.testing.assert_array_equal(pixels[1], canonical(radiograph, 32, "crop"))
    assert hashes[1] == perceptual_hash(radiograph)
    assert hashes[0] != hashes[1]


def test_an_image_that_vanished_after_cleaning_is_named(tmp_path):
    rows = pd.DataFrame({"source": ["s"], "file": ["gone.png"]})
    with pytest.raises(InputError, match=r"gone\.png: no such file, though it was readable"):
        fill_cache(rows, {"s": tmp_path}, np.zeros((1, 8, 8), np.uint8), "crop", 1)


@pytest.mark.parametrize("file", ["../a", "/a", "x/../../a", "a\0b"])
def test_no_file_name_leaves_its_folder(tmp_path, file):
    with pytest.raises(UnusableImage, match="leaves the source's folder"):
        locate(tmp_path, file)


def test_a_file_may_be_a_link_but_no_linked_folder_leads_out(tmp_path):
    root = tmp_path / "source"
    (root / "inside").mkdir(parents=True)
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "a.png").touch()
    (root / "leak").symlink_to("../outside")
    (root / "also").symlink_to("inside")
    (root / "inside" / "a.png").symlink_to(tmp_path / "outside" / "a.png")
    for file in ("inside/a.png", "also/a.png"):
        assert locate(root, file).is_file()
    with pytest.raises(UnusableImage, match="leaves the source's folder"):
        locate(root, "leak/a.png")
