"""Images unlike the others of their cohort: blurred, too bright or dark, inverted, rotated.

Each measure is compared with those of the other images, by the modified z score of
B. Iglewicz and D. C. Hoaglin, "How to detect and handle outliers", 1993, whose limit of 3.5
is used. All is measured on the canonical images, which networks see: what is blurred
only at full size is not found.
"""

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import laplace

from cxr.images.canonical import shrink
from cxr.images.rows import each

LIMIT = 3.5  # of a modified z score
FEWEST = 10  # images that others can be compared with
SIDE = 32  # of the thumbnails that are correlated, pixels
# When another orientation fits: its correlation with the mean image, and how much higher that is.
LEAST_FIT, LEAST_GAIN = 0.4, 0.2
TURNS = 4  # by 90 degrees
MIDDLE = slice(SIDE // 8, SIDE - SIDE // 8)  # without borders


@dataclass(frozen=True)
class Finding:
    """What is unusual of one image.

    Attributes
    ----------
    row : int
        Of the image.
    reason : str
    score : float
        From 0.5, at the limit, to 1.
    basis : str
        The measurement in words.
    """

    row: int
    reason: str
    score: float
    basis: str


def modified_z(values: np.ndarray) -> np.ndarray:
    """Modified z scores: distances from the median in units of the spread; 0 without spread.

    The spread is the median absolute deviation, or the mean one where that is 0, scaled to
    the standard deviation of a normal distribution.

    Parameters
    ----------
    values : float array, shape (n,)

    References
    ----------
    B. Iglewicz, D. C. Hoaglin, "How to detect and handle outliers", 1993.
    """
    distance = values - np.median(values)
    spread = 1.4826 * np.median(np.abs(distance)) or 1.2533 * np.mean(np.abs(distance))
    return distance / spread if spread > 0 else np.zeros(len(values))


def beyond(z: np.ndarray, reason: str, words: str) -> list[Finding]:
    """The images whose modified z score exceeds the limit.

    Parameters
    ----------
    z : float array, shape (n,)
    reason : str
    words : str
        What was measured, as in "sharpness below".
    """
    return [
        Finding(
            int(row), reason, _beyond_score(z[row]), f"{words} the median by {z[row]:.1f} robust SD"
        )
        for row in np.flatnonzero(z > LIMIT)
    ]


def _beyond_score(z: float) -> float:
    return float(z / (z + LIMIT))


def unusual_images(images: np.ndarray) -> list[Finding]:
    """The images of a cohort that are unlike the others by their pixels.

    Parameters
    ----------
    images : uint8 array, shape (n, size, size)

    Returns
    -------
    list of Finding
        An image may have several; none where there are too few images to compare with.
    """
    if len(images) < FEWEST:
        return []
    thumbnails = shrink(images, SIDE).astype(np.float32)
    brightness = modified_z(thumbnails[:, MIDDLE, MIDDLE].mean(axis=(1, 2)))
    sharpness = modified_z(np.array([_log_sharpness(image) for image in each(images)]))
    fits = orientation_fits(thumbnails)
    upright = fits[:, 0]
    likeness = modified_z(np.arctanh(np.clip(fits.max(axis=1), -0.999, 0.999)))
    return [
        *beyond(-sharpness, "blurred", "sharpness below"),
        *beyond(brightness, "too bright", "brightness above"),
        *beyond(-brightness, "too dark", "brightness below"),
        *beyond(-likeness, "unlike the other images", "correlation with the mean image below"),
        *_turned(fits, upright),
    ]


def _log_sharpness(image: np.ndarray) -> float:
    """The logarithm of the variance of an image's Laplacian, over its own variance.

    References
    ----------
    J. L. Pech-Pacheco et al., "Diatom autofocusing in brightfield microscopy", ICPR 2000.
    """
    pixels = image.astype(np.float32)
    variance = float(pixels.var())
    return float(np.log((laplace(pixels).var() + 1e-3) / (variance + 1.0)))


def orientation_fits(thumbnails: np.ndarray) -> np.ndarray:
    """Each image's correlation with the mean of the others in eight orientations.

    Parameters
    ----------
    thumbnails : float array, shape (n, side, side)

    Returns
    -------
    float array, shape (n, 8)
        As it is; turned by 90, 180 and 270 degrees anticlockwise; the same inverted.
    """
    centred = thumbnails - thumbnails.mean(axis=(1, 2), keepdims=True)
    norms = np.sqrt((centred**2).sum(axis=(1, 2), keepdims=True))
    units = centred / np.where(norms > 0, norms, 1)
    others = units.sum(axis=0) - units
    others /= np.maximum(np.sqrt((others**2).sum(axis=(1, 2), keepdims=True)), 1e-12)
    turned = [
        (np.rot90(units, turns, axes=(1, 2)) * others).sum(axis=(1, 2)) for turns in range(TURNS)
    ]
    fits = np.stack(turned, axis=1)
    return np.hstack([fits, -fits])


def _turned(fits: np.ndarray, upright: np.ndarray) -> list[Finding]:
    """The images that another orientation fits clearly better than their own."""
    best = fits.argmax(axis=1)
    fit = fits.max(axis=1)
    gain = fit - upright
    found = []
    for row in np.flatnonzero((fit >= LEAST_FIT) & (gain >= LEAST_GAIN)):
        inverted, turns = divmod(int(best[row]), TURNS)
        score = float(min(1.0, 0.5 + (gain[row] - LEAST_GAIN) / 2))
        words = f"correlation with the mean image {upright[row]:.2f}, {fit[row]:.2f}"
        if inverted:
            found.append(Finding(int(row), "inverted", score, f"{words} when inverted"))
        if turns:
            basis = f"{words} when turned by {90 * turns} degrees anticlockwise"
            found.append(Finding(int(row), "rotated", score, basis))
    return found
