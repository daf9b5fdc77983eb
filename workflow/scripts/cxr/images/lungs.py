"""Lung masks of radiographs, to tell whether a classifier uses the lungs.

Not a segmentation to measure lungs with. As in the masks that it was learned from, a lung
goes on behind the heart, and dense parts belong to it.
"""

from collections.abc import Sequence

import numpy as np
from PIL import Image

from cxr.config.catalogue.projections import RADIOGRAPH
from cxr.images.canonical import shrink
from cxr.images.lung_network import MEMBERS, SIDE, lung_scores, mean_mask

# The networks know radiographs alone: a CT slice shows the chest from below.
MODALITY = RADIOGRAPH
# What is no lung: smaller than this share of the largest region, or beyond the second one.
LEAST_PART, LUNGS = 0.1, 2
# Shares of the image that both lungs together can fill; where they do not, the mean mask
# replaces them.
LEAST_AREA, LARGEST_AREA = 0.08, 0.8
# Width of the strip at the edges, as a share of the side, where the detector's borders show.
BORDER = 0.08


def lung_masks(
    images: np.ndarray, members: Sequence[int] = range(MEMBERS)
) -> tuple[np.ndarray, np.ndarray]:
    """Lung masks of canonical radiographs.

    Small networks score each pixel, see `cxr.images.lung_network`; the largest two
    regions with positive scores, without holes, are the lungs. Where they are too small or
    too large, or an image has no contrast, the mean of the masks that the networks learned
    from replaces them.

    Parameters
    ----------
    images : uint8 array, shape (n, size, size)
    members : sequence of int
        The networks that are averaged: all, but where their errors are measured.

    Returns
    -------
    masks : bool array, shape (n, size, size)
    segmented : bool array, shape (n,)
        False where the mean mask replaces the lungs.
    """
    size = images.shape[1]
    masks = np.zeros(images.shape, dtype=bool)
    segmented = np.zeros(len(images), dtype=bool)
    usual = _enlarged(mean_mask().astype(np.float32) - 127.5, size)
    if not len(images):
        return masks, segmented
    for i, scores in enumerate(lung_scores(shrink(images, SIDE), members)):
        lungs = _lungs(scores > 0)
        segmented[i] = np.ptp(images[i]) > 0 and LEAST_AREA <= lungs.mean() <= LARGEST_AREA
        inside = np.where(lungs, np.abs(scores), -np.abs(scores))
        masks[i] = _enlarged(inside, size) if segmented[i] else usual
    return masks, segmented


def covered(images: np.ndarray, hidden: np.ndarray) -> np.ndarray:
    """Images of which some pixels are black, uint8 of shape (n, size, size).

    Parameters
    ----------
    images : uint8 array, shape (n, size, size)
    hidden : bool array, shape (n, size, size)
    """
    return np.where(hidden, np.uint8(0), images)


def painted_over(images: np.ndarray, hidden: np.ndarray) -> np.ndarray:
    """Images of which some pixels have the mean grey of the others, uint8 of (n, size, size).

    Parameters
    ----------
    images : uint8 array, shape (n, size, size)
    hidden : bool array, shape (n, size, size)
    """
    counts = np.maximum((~hidden).sum(axis=(1, 2)), 1)
    means = np.where(hidden, 0, images).sum(axis=(1, 2), dtype=np.int64) // counts
    return np.where(hidden, means.astype(np.uint8)[:, None, None], images)


def border_mask(size: int) -> np.ndarray:
    """The strip at the edges, bool of shape (size, size)."""
    width = max(1, round(BORDER * size))
    mask = np.ones((size, size), dtype=bool)
    mask[width:-width, width:-width] = False
    return mask


def _lungs(region: np.ndarray) -> np.ndarray:
    """The largest parts of a region, without holes."""
    from scipy.ndimage import binary_fill_holes, label

    parts, count = label(region)
    if not count:
        return region
    sizes = np.bincount(parts.ravel(), minlength=count + 1)
    sizes[0] = 0
    largest = np.argsort(-sizes, kind="stable")[:LUNGS]
    kept = largest[sizes[largest] >= LEAST_PART * sizes.max()]
    return binary_fill_holes(np.isin(parts, kept))


def _enlarged(scores: np.ndarray, size: int) -> np.ndarray:
    """Where scores are positive at another size, bool of shape (size, size)."""
    picture = Image.fromarray(scores.astype(np.float32))
    return np.asarray(picture.resize((size, size), Image.Resampling.BILINEAR)) > 0
