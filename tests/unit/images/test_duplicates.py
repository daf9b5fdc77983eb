"""Near duplicates are found through re-encoding, and nothing else is."""

import numpy as np
from PIL import Image

from cxr.images.canonical import canonical
from cxr.images.decode import read_grey
from cxr.images.duplicates import find_duplicates, near_duplicates, perceptual_hash


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
    found = find_duplicates(pixels[:5], pixels[5:], bits=8, correlation=0.95)
    assert found.tolist() == [False] * 4 + [True]
    assert not find_duplicates(pixels, pixels[:0], bits=8, correlation=0.95).any()
    assert near_duplicates(hashes[:0], pixels[:0], bits=8, correlation=0.95).shape == (0, 2)
