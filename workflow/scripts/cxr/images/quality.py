"""Quality of images that can be read: blank, colour, borders, unusual shapes.

Networks learn such artefacts easily, and sources differ in them. No measure is
certain, so that only extreme images are rejected and the others are flagged.
"""

from collections.abc import Mapping

import numpy as np
from PIL import Image

# Images with a measure above these are flagged, or rejected.
FLAGGED_ABOVE = {"saturation": 0.1, "border_share": 0.15, "aspect": 2.0}
REJECTED_ABOVE = {"saturation": 0.3, "aspect": 4.0}
REASONS = {"saturation": "a colour picture", "aspect": "more than 4 times as long"}
BLANK_BELOW = 3.0  # standard deviation of the pixels, 0 to 255
UNIFORM_RANGE = 8  # greatest range of the pixels of a line that belongs to a border
MEASURES = tuple(FLAGGED_ABOVE)


def quality_measures(grey: np.ndarray, saturation: float) -> dict[str, float]:
    """Measures of one image.

    Parameters
    ----------
    grey : uint8 array, shape (height, width)
    saturation : float
        Mean saturation of its colours, 0 to 1.

    Returns
    -------
    dict
        `saturation`; `border_share`, the area of uniform strips at the edges;
        `aspect`, the long side over the short one.
    """
    height, width = grey.shape
    rows, columns = _border_width(np.ptp(grey, axis=1)), _border_width(np.ptp(grey, axis=0))
    return {
        "saturation": round(saturation, 4),
        "border_share": round(1 - (1 - rows / height) * (1 - columns / width), 4),
        "aspect": round(max(height, width) / min(height, width), 3),
    }


def rejection_reason(grey: np.ndarray, measures: Mapping[str, float]) -> str | None:
    """Why an image can't be a radiograph or a slice of a CT, None where it can."""
    if _deviation(grey) < BLANK_BELOW:
        return "blank"
    for name, limit in REJECTED_ABOVE.items():
        if measures[name] > limit:
            return REASONS[name]
    return None


def _deviation(grey: np.ndarray) -> float:
    """The standard deviation of the pixels, from their histogram: `std` would copy them all."""
    counts, values = np.array(Image.fromarray(grey).histogram()), np.arange(256)
    mean = (counts @ values) / grey.size
    return float(np.sqrt(counts @ (values - mean) ** 2 / grey.size))


def quality_flags(measures: Mapping[str, float]) -> str:
    """The names of the unusual measures, separated by spaces."""
    return " ".join(name for name, limit in FLAGGED_ABOVE.items() if measures[name] > limit)


def _border_width(ranges: np.ndarray) -> int:
    """How many lines at both ends are uniform, by the range of each line's pixels."""
    varied = np.flatnonzero(ranges > UNIFORM_RANGE)
    return len(ranges) if not len(varied) else len(ranges) - (varied[-1] - varied[0] + 1)
