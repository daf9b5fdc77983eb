"""Where the lungs are, roughly: a classical mask, to see what a classifier looks at.

Not a segmentation to measure lungs with: of each half of the chest it takes the
largest dark region near the place where a lung is expected.
"""

import numpy as np

# Where a lung may lie: half axes of an upright ellipse and its centre, as shares of the side.
# The left one; the right one mirrors it.
CENTRE, AXES = (0.45, 0.29), (0.42, 0.24)
# What these places are true of: a slice of a CT shows the chest from below.
MODALITY = "X-ray"
# The share of that ellipse that a lung fills at least; where none does, the ellipse shrunk by
# this factor stands for it.
LEAST, SHRUNK = 0.2, 0.8
# A strip at the edges, as a share of the side, that shows the borders of the detector.
BORDER = 0.08


def lung_masks(images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Lung masks of canonical images.

    Contrast is evened out, what is darker than Otsu's threshold within an ellipse
    on each side is a candidate, its largest region the lung, and the region's
    convex hull the mask, so that dense parts of a lung belong to it. Where that is
    too small, a smaller ellipse is the mask.

    Parameters
    ----------
    images : uint8 array, shape (n, size, size)

    Returns
    -------
    masks : bool array, shape (n, size, size)
    found : bool array, shape (n,)
        False where a side was not found and the ellipse took its place.

    References
    ----------
    N. Otsu, "A threshold selection method from gray-level histograms", 1979.
    B. van Ginneken, B. ter Haar Romeny, M. Viergever, "Computer-aided diagnosis in
    chest radiography: a survey", 2001 (rule-based lung field segmentation).
    """
    size = images.shape[1]
    left, usual = _ellipse(size), _ellipse(size, SHRUNK)
    sides = ((left, usual), (left[:, ::-1], usual[:, ::-1]))
    masks = np.zeros(images.shape, dtype=bool)
    found = np.ones(len(images), dtype=bool)
    for i, image in enumerate(images):
        dark = _dark(image, left | left[:, ::-1])
        for side, instead in sides:
            lung = _largest(dark & side)
            if lung.sum() < LEAST * side.sum():
                lung, found[i] = instead, False
            masks[i] |= lung
    return masks, found


def border_mask(size: int) -> np.ndarray:
    """The strip at the edges, bool of shape (size, size)."""
    width = max(1, round(BORDER * size))
    mask = np.ones((size, size), dtype=bool)
    mask[width:-width, width:-width] = False
    return mask


def _ellipse(size: int, factor: float = 1.0) -> np.ndarray:
    """Where the lung on the image's left side may be, bool of shape (size, size)."""
    rows, columns = (np.mgrid[:size, :size] + 0.5) / size
    away = ((rows - CENTRE[0]) / AXES[0]) ** 2 + ((columns - CENTRE[1]) / AXES[1]) ** 2
    return (away <= factor**2) & (columns < 0.5)


def _dark(image: np.ndarray, where: np.ndarray) -> np.ndarray:
    """What is darker than Otsu's threshold of the pixels in `where`."""
    from skimage.exposure import equalize_adapthist
    from skimage.filters import gaussian, threshold_otsu
    from skimage.morphology import disk, opening

    size = image.shape[0]
    even = gaussian(equalize_adapthist(image, clip_limit=0.01), sigma=size / 64)
    values = even[where]
    if values.min() == values.max():
        return np.zeros(image.shape, dtype=bool)
    return opening(even < threshold_otsu(values), disk(max(1, size // 64)))


def _largest(region: np.ndarray) -> np.ndarray:
    """The convex hull of a region's largest connected part."""
    from scipy.ndimage import label
    from skimage.morphology import convex_hull_image

    parts, count = label(region)
    if not count:
        return region
    sizes = np.bincount(parts.ravel())[1:]
    return convex_hull_image(parts == 1 + sizes.argmax())
