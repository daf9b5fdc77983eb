"""Only images whose file changed are decoded again, and what is kept of the others is checked."""

import os

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from cxr.core.io import write_array, write_table
from cxr.images.earlier import MADE_BY, EarlierImages, keep, made_by
from tests.helpers.inspection import inspected

MAKER = made_by("code", {"image_size": 32})


def draw(path, seed):
    coarse = Image.fromarray(np.random.default_rng(seed).integers(0, 255, (9, 9), dtype=np.uint8))
    coarse.resize((64, 64), Image.Resampling.BICUBIC).save(path)


@pytest.fixture
def done(tmp_path):
    """Six images, a broken one among them, inspected; the folder, the rows and what was found."""
    files = [f"{number}.png" for number in range(6)]
    for number, file in enumerate(files):
        draw(tmp_path / file, number)
    (tmp_path / "2.png").write_bytes(b"no image")
    rows = pd.DataFrame({"image_id": files, "source": "s", "file": files})
    table, pixels = inspected(rows, {"s": tmp_path})
    write_table(table, tmp_path / "0001.parquet", {MADE_BY: MAKER})
    write_array(pixels, tmp_path / "0001.npy")
    keep([tmp_path / "0001.parquet", tmp_path / "0001.npy"])
    for name in ("0001.parquet", "0001.npy"):
        (tmp_path / name).unlink()
    return tmp_path, rows, table, pixels


def again(folder, rows, maker=MAKER):
    """What a second inspection finds, and the images that it took from the first."""
    earlier = EarlierImages.read(folder / "0001.parquet", folder / "0001.npy", maker)
    taken = [file for file in rows["file"] if earlier.find(file, folder / file) is not None]
    return *inspected(rows, {"s": folder}, earlier=earlier), taken


def test_unchanged_images_are_taken_as_they_were(done):
    folder, rows, table, pixels = done
    found, images, taken = again(folder, rows)
    assert taken == ["0.png", "1.png", "3.png", "4.png", "5.png"]
    assert found.equals(table)
    np.testing.assert_array_equal(images, pixels)


def test_a_changed_a_mended_and_a_new_image_are_decoded_and_a_lost_one_is_rejected(done):
    folder, rows, _, _ = done
    for number, seed in ((1, 50), (2, 51), (6, 52)):
        draw(folder / f"{number}.png", seed)
    (folder / "4.png").unlink()
    more = pd.concat([rows, rows.iloc[:1].assign(image_id="6.png", file="6.png")])
    more = more.iloc[::-1]
    found, images, taken = again(folder, more)
    assert taken == ["5.png", "3.png", "0.png"]
    afresh, pixels = inspected(more, {"s": folder})
    assert found.equals(afresh)
    np.testing.assert_array_equal(images, pixels)
    assert found["reason"].to_pylist() == [None, None, "no such file", None, None, None, None]


def test_a_file_with_the_bytes_of_another_is_known_by_its_content_alone(done):
    folder, rows, _, _ = done
    status = (folder / "0.png").stat()
    (folder / "0.png").write_bytes((folder / "1.png").read_bytes())
    os.utime(folder / "0.png", ns=(status.st_atime_ns, status.st_mtime_ns))
    assert "0.png" not in again(folder, rows)[2]


@pytest.mark.parametrize(
    "maker", [made_by("other", {"image_size": 32}), made_by("code", {"image_size": 64})]
)
def test_other_code_and_other_settings_take_nothing(done, maker):
    folder, rows, _, _ = done
    assert again(folder, rows, maker)[2] == []


def test_damaged_pixels_are_made_again_alone(done):
    folder, rows, _, pixels = done
    kept = np.load(folder / "earlier" / "0001.npy", mmap_mode="r+")
    kept[3, 5, 5] ^= 1
    kept.flush()
    _, images, taken = again(folder, rows)
    assert taken == ["0.png", "1.png", "4.png", "5.png"]
    np.testing.assert_array_equal(images, pixels)


@pytest.mark.parametrize("name", ["0001.parquet", "0001.npy"])
@pytest.mark.parametrize("size", [0, 60])
def test_files_that_are_cut_or_gone_take_nothing(done, name, size):
    folder, rows, _, _ = done
    path = folder / "earlier" / name
    data = path.read_bytes()
    path.write_bytes(data[:size])
    assert again(folder, rows)[2] == []
    path.unlink()
    assert again(folder, rows)[2] == []


def test_where_links_are_refused_nothing_is_kept(tmp_path, monkeypatch):
    (tmp_path / "a").touch()
    monkeypatch.setattr(os, "link", lambda *a, **k: (_ for _ in ()).throw(PermissionError()))
    keep([tmp_path / "a"])
    assert list((tmp_path / "earlier").iterdir()) == []
