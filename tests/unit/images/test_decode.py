"""Every kind of image file is decoded alike, or costs just itself."""

import numpy as np
import pytest
from PIL import Image

from cxr.images.decode import UnusableImage, locate, read_grey


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
