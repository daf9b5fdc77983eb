"""Parts of a memory-mapped array are read when they are wanted, and do not stay in memory."""

import os
import subprocess
import sys

import numpy as np
import pytest

from cxr.core.io import new_array, read_array, write_array
from cxr.core.paths import SCRIPTS
from cxr.images.rows import ImageRows, blocks, each, release


@pytest.fixture
def stored(tmp_path, rng):
    images = rng.integers(0, 256, (10, 4, 4), dtype=np.uint8)
    write_array(images, tmp_path / "images.npy")
    return images, read_array(tmp_path / "images.npy")


def test_rows_are_those_of_the_array(stored):
    images, mapped = stored
    rows = ImageRows(mapped, np.array([7, 2, 5]))
    assert rows.shape == (3, 4, 4)
    np.testing.assert_array_equal(rows[1:], images[[2, 5]])
    np.testing.assert_array_equal(rows[np.array([2, 0])], images[[5, 7]])
    even = ImageRows.where(mapped, np.arange(10) % 2 == 0)
    np.testing.assert_array_equal(np.stack(list(each(even))), images[::2])
    rows[:][:] = 0  # a copy
    np.testing.assert_array_equal(mapped, images)


def test_blocks_are_all_images_in_their_order(stored):
    images, mapped = stored
    assert [len(block) for block in blocks(mapped, 4)] == [4, 4, 2]
    for some in (images, mapped, ImageRows(mapped, np.arange(10))):
        np.testing.assert_array_equal(np.concatenate(list(blocks(some, 4))), images)
    assert list(blocks(images[:0], 4)) == []


def test_what_is_released_is_read_and_written_all_the_same(tmp_path):
    path = tmp_path / "new.npy"
    with new_array(path, (2, 3), np.uint8) as array:
        array[0] = 1
        release(array)
        array[1] = 2
    assert read_array(path).tolist() == [[1] * 3, [2] * 3]
    private = np.lib.format.open_memmap(path, mode="c")
    private[0] = 9
    release(private)
    assert private[0].tolist() == [9] * 3


READ = """
import resource, sys
import numpy as np
from cxr.core.io import read_array
from cxr.images.rows import ImageRows, each

images = read_array(sys.argv[1])
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
total = sum(int(image[0, 0]) for image in each(images))
total += int(ImageRows(images, np.arange(len(images))[::-2])[:200].max())
print(total, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


def test_a_whole_array_is_read_within_little_memory(tmp_path):
    path = tmp_path / "images.npy"
    with new_array(path, (6000, 128, 128), np.uint8) as array:
        array[:] = 1
    done = subprocess.run(
        [sys.executable, "-c", READ, str(path)],
        env=os.environ | {"PYTHONPATH": str(SCRIPTS)},
        check=True,
        capture_output=True,
        text=True,
    )
    total, kilobytes = map(int, done.stdout.split())
    assert total == 6001
    assert kilobytes < 50_000  # of 98 MB
