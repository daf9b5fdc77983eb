"""Rough lung masks by classical methods, to tell whether a classifier uses the lungs.

Not a segmentation to measure lungs with: in each half of the chest it is the
largest dark region near the place where a lung is expected.
"""

import numpy as np

# Where the lung on the image's left side may lie, an upright ellipse: its centre and half axes,
# (row, column) as shares of the side. The other one mirrors it.
CENTRE, AXES = (0.45, 0.29), (0.42, 0.24)
# These places hold for radiographs alone: a CT slice shows the chest from below.
MODALITY = "X-ray"
# The least share of that ellipse that a lung fills; where no region does, the ellipse reduced by
# this factor replaces it.
MIN_SHARE, REDUCTION = 0.2, 0.8
# Width of the strip at the edges, as a share of the side, where the detector's borders show.
BORDER = 0.08


def lung_masks(images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Lung masks of canonical images.

    Contrast is equalized, what is darker than Otsu's threshold within an ellipse
    on each side is a candidate, its largest region the lung, and the region's
    convex hull the mask, so that dense parts of a lung belong to it. Where that
    region is too small, a smaller ellipse is the mask.

    Parameters
    ----------
    images : uint8 array, shape (n, size, size)

    Returns
    -------
    masks : bool array, shape (n, size, size)
    segmented : bool array, shape (n,)
        False where the ellipse replaces a lung.

    References
    ----------
    N. Otsu, "A threshold selection method from gray-level histograms", 1979.
    B. van Ginneken, B. ter Haar Romeny, M. Viergever, "Computer-aided diagnosis in
    chest radiography: a survey", 2001 (rule-based lung field segmentation).
    """
    size = images.shape[1]
    left, fallback = _ellipse(size), _ellipse(size, REDUCTION)
    sides = ((left, fallback), (left[:, ::-1], fallback[:, ::-1]))
    masks = np.zeros(images.shape, dtype=bool)
    segmented = np.ones(len(images), dtype=bool)
    for i, image in enumerate(images):
        dark = _dark(image, left | left[:, ::-1])
        for side, ellipse in sides:
            lung = _largest(dark & side)
            if lung.sum() < MIN_SHARE * side.sum():
                lung, segmented[i] = ellipse, False
            masks[i] |= lung
    return masks, segmented


def border_mask(size: int) -> np.ndarray:
    """The strip at the edges, bool of shape (size, size)."""
    width = max(1, round(BORDER * size))
    mask = np.ones((size, size), dtype=bool)
    mask[width:-width, width:-width] = False
    return mask


def _ellipse(size: int, factor: float = 1.0) -> np.ndarray:
    """Where the lung on the image's left side may be, bool of shape (size, size)."""
    rows, columns = (np.mgrid[:size, :size] + 0.5) / size
    distance = ((rows - CENTRE[0]) / AXES[0]) ** 2 + ((columns - CENTRE[1]) / AXES[1]) ** 2
    return (distance <= factor**2) & (columns < 0.5)


def _dark(image: np.ndarray, region: np.ndarray) -> np.ndarray:
    """The pixels that are darker than Otsu's threshold of those in `region`."""
    from skimage.exposure import equalize_adapthist
    from skimage.filters import gaussian, threshold_otsu
    from skimage.morphology import disk, opening

    size = image.shape[0]
    equalized = gaussian(equalize_adapthist(image, clip_limit=0.01), sigma=size / 64)
    values = equalized[region]
    if values.min() == values.max():
        return np.zeros(image.shape, dtype=bool)
    return opening(equalized < threshold_otsu(values), disk(max(1, size // 64)))


def _largest(region: np.ndarray) -> np.ndarray:
    """The convex hull of a region's largest connected part."""
    from scipy.ndimage import label
    from skimage.morphology import convex_hull_image

    parts, count = label(region)
    if not count:
        return region
    sizes = np.bincount(parts.ravel())[1:]
    return convex_hull_image(parts == 1 + sizes.argmax())
