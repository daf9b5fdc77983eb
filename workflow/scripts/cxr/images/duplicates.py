"""Images that show the same radiograph although their bytes differ."""

import numpy as np
from PIL import Image

from cxr.images.resizing import resized

HASHED = 32  # side of the image that is hashed, pixels


def perceptual_hash(grey: np.ndarray) -> np.uint64:
    """A 64-bit hash of which small changes of an image change few bits.

    References
    ----------
    C. Zauner, "Implementation and benchmarking of perceptual image hash
    functions", 2010 (pHash; the ImageHash library).
    """
    import imagehash

    # To this size it reduces an image itself.
    small = Image.fromarray(resized(grey, HASHED, HASHED))
    bits = imagehash.phash(small).hash.ravel()
    return np.packbits(bits).view(">u8")[0].astype(np.uint64)


def near_duplicates(
    hashes: np.ndarray, pixels: np.ndarray, bits: int, correlation: float
) -> np.ndarray:
    """Pairs of images that show the same radiograph.

    All chest radiographs look alike to a 64-bit hash, so that the hash only
    proposes pairs; the correlation of their pixels decides.

    Parameters
    ----------
    hashes : uint64 array, shape (n,)
    pixels : uint8 array, shape (n, size, size)
    bits : int
        Greatest Hamming distance of a proposed pair.
    correlation : float
        Least Pearson correlation of the two images' pixels.

    Returns
    -------
    int array, shape (pairs, 2)
        Row numbers, the smaller one first, ascending.
    """
    from cxr.images.hamming import near_pairs

    proposed = near_pairs(hashes, bits)
    alike = [_correlation(pixels[i], pixels[j]) >= correlation for i, j in proposed]
    return proposed[np.array(alike, dtype=bool)]


def find_duplicates(
    pixels: np.ndarray, others: np.ndarray, bits: int, correlation: float
) -> np.ndarray:
    """Which images show the same radiograph as one of the others, bool of shape (n,).

    As `near_duplicates`, with the hashes of the pixels that are given.

    Parameters
    ----------
    pixels : uint8 array, shape (n, size, size)
    others : uint8 array, shape (m, size, size)
    bits, correlation
        As in `near_duplicates`.
    """
    known = np.array([perceptual_hash(image) for image in others], dtype=np.uint64)
    found = np.zeros(len(pixels), dtype=bool)
    for i, image in enumerate(pixels):
        near = np.flatnonzero(np.bitwise_count(known ^ perceptual_hash(image)) <= bits)
        found[i] = any(_correlation(image, others[j]) >= correlation for j in near)
    return found


def _correlation(first: np.ndarray, second: np.ndarray) -> float:
    a = first.ravel().astype(np.float64)
    b = second.ravel().astype(np.float64)
    a -= a.mean()
    b -= b.mean()
    scale = np.sqrt((a @ a) * (b @ b))
    return float(a @ b / scale) if scale > 0 else float(np.array_equal(first, second))
