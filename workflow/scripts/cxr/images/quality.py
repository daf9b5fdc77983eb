"""What may be wrong with an image that can be read: blank, colour, borders, words, odd shapes.

Networks learn such things gladly, and sources differ in them. Nothing here is
certain, so that only extreme images are refused and the others are flagged.
"""

from collections.abc import Mapping

import numpy as np

from cxr.images.text import text_share

# Measures above these are flagged, and above those refused.
FLAGGED_ABOVE = {"saturation": 0.1, "border_share": 0.15, "text_share": 0.002, "aspect": 2.0}
REJECTED_ABOVE = {"saturation": 0.3, "aspect": 4.0}
REASONS = {"saturation": "a colour picture", "aspect": "more than 4 times as long"}
BLANK = 3.0
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
        `saturation`; `border_share`, the area lost to even strips at the edges;
        `text_share`, the area of small bright marks on darker ground, as burned-in
        words and markers make; `aspect`, the long side over the short one.
    """
    height, width = grey.shape
    rows, columns = _edge(grey.max(axis=1) - grey.min(axis=1)), _edge(np.ptp(grey, axis=0))
    return {
        "saturation": round(saturation, 4),
        "border_share": round(1 - (1 - rows / height) * (1 - columns / width), 4),
        "text_share": round(text_share(grey), 5),
        "aspect": round(max(height, width) / min(height, width), 3),
    }


def rejection_reason(grey: np.ndarray, measures: Mapping[str, float]) -> str | None:
    """Why an image can't be a radiograph or a slice of a CT, None where it can."""
    if grey.std() < BLANK:
        return "blank"
    for name, limit in REJECTED_ABOVE.items():
        if measures[name] > limit:
            return REASONS[name]
    return None


def quality_flags(measures: Mapping[str, float]) -> str:
    """The measures that are out of the ordinary, separated by spaces."""
    return " ".join(name for name, limit in FLAGGED_ABOVE.items() if measures[name] > limit)


def _edge(spread: np.ndarray) -> int:
    """How many lines at both ends are even."""
    uneven = np.flatnonzero(spread > 8)
    return len(spread) if not len(uneven) else len(spread) - (uneven[-1] - uneven[0] + 1)
