"""Every kind of image file is decoded alike, or costs just itself."""

import struct
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from cxr.images.decode import UnusableImage, decoded, locate, read_grey, to_grey
from cxr.images.formats import MAX_HEADER
from tests.helpers.dicom import write_dicom


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA", "LA", "P", "CMYK"])
def test_every_mode_becomes_the_same_grey(tmp_path, radiograph, mode):
    path = tmp_path / ("a.tif" if mode == "CMYK" else "a.png")
    Image.fromarray(radiograph).convert(mode).save(path)
    np.testing.assert_allclose(read_grey(path).astype(int), radiograph, atol=1)


@pytest.mark.parametrize(
    ("dtype", "scale"), [(np.uint16, 16), (np.uint16, 257), (np.float32, 0.01)]
)
def test_deeper_pixels_use_their_own_range(tmp_path, radiograph, dtype, scale):
    full = np.interp(radiograph, [radiograph.min(), radiograph.max()], [0, 255])
    path = tmp_path / "a.tif"
    Image.fromarray((full * scale).astype(dtype)).save(path)
    np.testing.assert_allclose(read_grey(path).astype(int), full, atol=1)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
@pytest.mark.parametrize("photometric", [0, 1], ids=["white is zero", "black is zero"])
def test_a_tiff_may_store_white_as_zero(tmp_path, radiograph, dtype, photometric):
    full = np.interp(radiograph, [radiograph.min(), radiograph.max()], [0, 255])
    stored = (255 - full if photometric == 0 else full).astype(dtype)
    Image.fromarray(stored).save(tmp_path / "a.tif")
    patch_tag(tmp_path / "a.tif", 262, photometric)
    np.testing.assert_allclose(read_grey(tmp_path / "a.tif").astype(int), full, atol=1)


def test_signed_bytes_of_a_tiff_are_not_wrapped_around(tmp_path, radiograph):
    signed = (radiograph.astype(np.int16) - 128).astype(np.int8)
    Image.fromarray(signed.view(np.uint8)).save(tmp_path / "a.tif", tiffinfo={339: 2})
    np.testing.assert_array_equal(read_grey(tmp_path / "a.tif"), radiograph)


def test_a_pixel_that_is_not_finite_costs_that_pixel_alone(tmp_path, radiograph):
    full = np.interp(radiograph, [radiograph.min(), radiograph.max()], [0, 255])
    pixels = full.astype(np.float32)
    pixels[0, :3] = np.nan, np.inf, -np.inf
    Image.fromarray(pixels).save(tmp_path / "a.tif")
    grey = read_grey(tmp_path / "a.tif").astype(int)
    np.testing.assert_allclose(grey[1:], full[1:], atol=1)
    assert grey[0, :3].tolist() == [0, 255, 0]


def test_a_tiff_of_an_unknown_kind_is_not_called_damaged_alone(tmp_path, radiograph):
    Image.fromarray(radiograph).save(tmp_path / "a.tif")
    patch_tag(tmp_path / "a.tif", 258, 64)
    with pytest.raises(UnusableImage, match="or of a kind that is not read"):
        read_grey(tmp_path / "a.tif")


def patch_tag(path, tag, value):
    """Overwrites a tag of one short number in a little-endian TIFF."""
    data = bytearray(path.read_bytes())
    (directory,) = struct.unpack_from("<I", data, 4)
    (count,) = struct.unpack_from("<H", data, directory)
    for at in range(directory + 2, directory + 2 + 12 * count, 12):
        if struct.unpack_from("<HH", data, at) == (tag, 3):
            struct.pack_into("<H", data, at + 8, value)
            path.write_bytes(data)
            return
    raise AssertionError(f"no tag {tag}")


@pytest.mark.parametrize(
    ("kind", "suffix"),
    [
        ("JPEG", ".png"),
        ("PNG", ""),
        ("TIFF", ".dcm"),
        ("BMP", ".jpg"),
        ("GIF", ".tif"),
        ("WEBP", ".bin"),
        ("JPEG2000", ".jpg"),
        ("PPM", ".dicom"),
    ],
)
def test_the_content_decides_and_not_the_suffix(tmp_path, radiograph, kind, suffix):
    Image.fromarray(radiograph).save(tmp_path / f"a{suffix}", kind)
    with decoded(tmp_path / f"a{suffix}") as image:
        assert image.format == kind
        np.testing.assert_allclose(to_grey(image).astype(int), radiograph, atol=12)


@pytest.mark.parametrize("suffix", ["", ".png", ".dcm"])
def test_a_dicom_file_may_have_any_suffix(tmp_path, deep, suffix):
    plain = read_grey(write_dicom(tmp_path / "a.dcm", deep))
    (tmp_path / f"b{suffix}").write_bytes((tmp_path / "a.dcm").read_bytes())
    np.testing.assert_array_equal(read_grey(tmp_path / f"b{suffix}"), plain)


@pytest.mark.parametrize("kind", ["MPO", "GIF", "PNG", "WEBP"])
def test_of_several_images_the_first_counts(tmp_path, radiograph, kind):
    other = Image.fromarray(radiograph[::-1].copy())
    options = {"quality": 95} if kind in ("MPO", "WEBP") else {}
    Image.fromarray(radiograph).save(
        tmp_path / "a", kind, save_all=True, append_images=[other], **options
    )
    with decoded(tmp_path / "a") as image:
        assert image.format == ("JPEG" if kind == "MPO" else kind)
        np.testing.assert_allclose(to_grey(image).astype(int), radiograph, atol=12)


@pytest.mark.parametrize(
    ("size", "subfile"), [((30, 20), 0), ((120, 90), 4)], ids=["a preview", "a mask"]
)
def test_a_preview_and_a_mask_make_no_stack(tmp_path, radiograph, size, subfile):
    page = Image.fromarray(radiograph)
    later = page.resize(size)
    later.encoderinfo = {"tiffinfo": {254: subfile}}
    page.save(tmp_path / "a.tif", save_all=True, append_images=[later])
    np.testing.assert_array_equal(read_grey(tmp_path / "a.tif"), radiograph)


def test_a_long_stack_is_called_one(tmp_path, radiograph):
    page = Image.fromarray(np.tile(radiograph, (4, 4)))
    page.save(tmp_path / "a.tif", save_all=True, append_images=[page] * 130)
    assert (tmp_path / "a.tif").stat().st_size > MAX_HEADER
    with pytest.raises(UnusableImage, match="a stack of several images"):
        read_grey(tmp_path / "a.tif")


def test_no_tiff_has_hundreds_of_previews(tmp_path, radiograph):
    page = Image.fromarray(radiograph)
    page.save(tmp_path / "a.tif", save_all=True, append_images=[page.resize((3, 2))] * 100)
    with pytest.raises(UnusableImage, match="a stack of several images"):
        read_grey(tmp_path / "a.tif")


@pytest.mark.parametrize(
    ("begin", "reason"),
    [
        (b"\x89PNG\r\n", "truncated or damaged"),
        (b"version https://git-lfs.github.com/spec/v1\noid", "a pointer of Git LFS"),
        (b"\0\0\0\x18ftypheic\0\0", "HEIC; store it as PNG or JPEG"),
        (bytes(344) + b"n+1\0", "a NIfTI volume"),
        ("\ufeff<!DOCTYPE html><p>".encode(), "HTML"),
        ("Gerät 1\n".encode() * 99, "text$"),
        (b"\x80\x81\x82", "not an image that can be read$"),
    ],
)
def test_what_is_no_image_is_named(tmp_path, begin, reason):
    (tmp_path / "a.png").write_bytes(begin)
    with pytest.raises(UnusableImage, match=reason):
        read_grey(tmp_path / "a.png")


def test_a_file_that_may_not_be_read_says_so(tmp_path, monkeypatch):
    (tmp_path / "a.png").write_bytes(b"x")

    def refuse(*_):
        raise PermissionError

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(UnusableImage, match="no permission to read it"):
        read_grey(tmp_path / "a.png")


def test_a_flat_deep_image_is_black(tmp_path):
    Image.fromarray(np.full((9, 9), 4000, dtype=np.uint16)).save(tmp_path / "a.png")
    assert (read_grey(tmp_path / "a.png") == 0).all()


def test_an_image_may_have_100_million_pixels(tmp_path):
    Image.new("1", (10_000, 9_500)).save(tmp_path / "large.png")
    assert read_grey(tmp_path / "large.png").shape == (9_500, 10_000)
    Image.new("1", (10_001, 10_000)).save(tmp_path / "too large.png")
    with pytest.raises(UnusableImage, match="more than 100 million pixels"):
        read_grey(tmp_path / "too large.png")


@pytest.mark.parametrize("suffix", [".png", ".tif"])
def test_sixteen_bit_images_are_read(tmp_path, deep, suffix):
    Image.fromarray(deep).save(tmp_path / f"a{suffix}")
    grey = read_grey(tmp_path / f"a{suffix}")
    assert (grey.min(), grey.max(), grey.shape) == (0, 255, deep.shape)


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
