"""The rule that found lungs before there were networks for it, to compare with.

In each half of the chest: the convex hull of the largest dark region near the place of a lung.
"""

import numpy as np

# Where the lung on the image's left side may lie, an upright ellipse: its centre and half axes,
# (row, column) as shares of the side. The other one mirrors it.
CENTRE, AXES = (0.45, 0.29), (0.42, 0.24)
# The least share of that ellipse that a lung fills; where no region does, the ellipse reduced by
# this factor replaces it.
MIN_SHARE, REDUCTION = 0.2, 0.8


def ruled_masks(images):
    """Lung masks of canonical images, bool of shape (n, size, size)."""
    size = images.shape[1]
    left, fallback = _ellipse(size), _ellipse(size, REDUCTION)
    sides = ((left, fallback), (left[:, ::-1], fallback[:, ::-1]))
    masks = np.zeros(images.shape, dtype=bool)
    for i, image in enumerate(images):
        dark = _dark(image, left | left[:, ::-1])
        for side, ellipse in sides:
            lung = _largest(dark & side)
            if lung.sum() < MIN_SHARE * side.sum():
                lung = ellipse
            masks[i] |= lung
    return masks


def _ellipse(size, factor=1.0):
    """Where the lung on the image's left side may be, bool of shape (size, size)."""
    rows, columns = (np.mgrid[:size, :size] + 0.5) / size
    distance = ((rows - CENTRE[0]) / AXES[0]) ** 2 + ((columns - CENTRE[1]) / AXES[1]) ** 2
    return (distance <= factor**2) & (columns < 0.5)


def _dark(image, region):
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


def _largest(region):
    """The convex hull of a region's largest connected part."""
    from scipy.ndimage import label
    from skimage.morphology import convex_hull_image

    parts, count = label(region)
    if not count:
        return region
    sizes = np.bincount(parts.ravel())[1:]
    return convex_hull_image(parts == 1 + sizes.argmax())
