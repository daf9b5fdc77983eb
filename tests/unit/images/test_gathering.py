"""A cohort's pixels are gathered from chunks; only what is painted over is decoded again."""

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from cxr.core.errors import InputError
from cxr.images.canonical import canonical
from cxr.images.duplicates import perceptual_hash
from tests.helpers.inspection import cohort_images


@pytest.fixture
def files(tmp_path, rng):
    """Rows of twenty image files, a damaged one among them, and their pixels by image_id."""
    entries, greys = [], {}
    for number in range(20):
        coarse = Image.fromarray(rng.integers(0, 255, (9, 9), dtype=np.uint8))
        image = coarse.resize((64, 64), Image.Resampling.BICUBIC)
        image.save(tmp_path / f"{number}.png")
        entries.append((f"s/{number}.png", "s", f"{number}.png"))
        greys[f"s/{number}.png"] = np.asarray(image)
    (tmp_path / "3.png").write_bytes(b"")
    return pd.DataFrame(entries, columns=["image_id", "source", "file"]), greys


def test_pixels_and_hashes_follow_the_order_of_the_rows_whatever_the_chunks(tmp_path, files):
    rows, greys = files
    wanted = rows.iloc[[12, 0, 19, 7, 4]]
    for chunks in (1, 4, 40):
        images = cohort_images(rows, {"s": tmp_path}, chunks)
        assert len(images.pixels) == chunks
        pixels = np.zeros((5, 32, 32), np.uint8)
        hashes = images.fill(wanted, pixels, "crop", threads=1)
        for image_id, image, hash_ in zip(wanted["image_id"], pixels, hashes, strict=True):
            np.testing.assert_array_equal(image, canonical(greys[image_id], 32, "crop"))
            assert hash_ == perceptual_hash(greys[image_id])


def test_no_file_is_opened_again(tmp_path, files):
    rows, greys = files
    images = cohort_images(rows, {"s": tmp_path})
    for path in tmp_path.glob("*.png"):
        path.unlink()
    pixels = np.zeros((1, 32, 32), np.uint8)
    images.fill(rows.iloc[[5]], pixels, "crop", threads=1)
    np.testing.assert_array_equal(pixels[0], canonical(greys["s/5.png"], 32, "crop"))


def test_what_is_painted_over_changes_its_image_alone(tmp_path):
    marked = np.full((64, 64), 90, np.uint8)
    marked[10:20, 10:30] = 255
    for name in ("a", "b"):
        Image.fromarray(marked).save(tmp_path / f"{name}.png")
    rows = pd.DataFrame({"image_id": ["a", "b"], "source": "s", "file": ["a.png", "b.png"]})
    hidden = {"a": [(9 / 64, 9 / 64, 31 / 64, 21 / 64)]}
    images = cohort_images(rows, {"s": tmp_path}, hidden=hidden, image_size=64)
    pixels = np.zeros((2, 64, 64), np.uint8)
    hashes = images.fill(rows, pixels, "crop", threads=2)
    painted = np.full_like(marked, 90)
    np.testing.assert_array_equal(pixels[0], canonical(painted, 64, "crop"))
    np.testing.assert_array_equal(pixels[1], canonical(marked, 64, "crop"))
    assert hashes.tolist() == [perceptual_hash(painted), perceptual_hash(marked)]


def test_an_image_to_paint_over_that_vanished_is_named(tmp_path, files):
    rows, _ = files
    images = cohort_images(rows, {"s": tmp_path}, hidden={"s/5.png": [(0.1, 0.1, 0.3, 0.3)]})
    (tmp_path / "5.png").unlink()
    with pytest.raises(InputError, match=r"5\.png: no such file, though it was readable"):
        images.fill(rows.iloc[[5]], np.zeros((1, 32, 32), np.uint8), "crop", threads=1)
