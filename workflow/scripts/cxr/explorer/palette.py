"""The colours of marks on the page, for its light and its dark theme.

Marks stand out from the page by a contrast of at least 3 to 1 (WCAG 2.2, 1.4.11), and
colours differ from one another with every kind of colour blindness. Figures, which are
always on white paper, have `cxr.figures.style.PALETTE`.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

MIN_CONTRAST = 3.0
STEPS = 32


@dataclass(frozen=True)
class Theme:
    """The colours of one theme.

    Attributes
    ----------
    background : str
        Of the maps, as `css/explorer.css` has it.
    colours : tuple of str
        Of clusters and levels.
    outlier : str
        Of outliers, and of images of which nothing is known.
    """

    background: str
    colours: tuple[str, ...]
    outlier: str


THEMES = {
    "light": Theme(
        "#ffffff",
        ("#7190d9", "#c77f3d", "#bc2d35", "#722ebf", "#1d7252", "#f93c83", "#652c03", "#8c1b98"),
        "#82878d",
    ),
    "dark": Theme(
        "#14181c",
        ("#29affc", "#dfb337", "#d55d21", "#b839f9", "#85fae7", "#e380db", "#ffde35", "#e5794e"),
        "#8c949c",
    ),
}


def luminance(colour: str) -> float:
    """A colour's relative luminance, 0 to 1 (WCAG 2.2)."""
    channels = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


def contrast(one: str, other: str) -> float:
    """The contrast of two colours, 1 to 21 (WCAG 2.2)."""
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def ramp(background: str) -> list[str]:
    """The colours of a scale of numbers, from low to high, that stand out from a background.

    Cividis, which is the same to colour-blind readers, without its end that is too near to the
    background; high numbers are the farthest from it.

    References
    ----------
    J. R. Nuñez, C. R. Anderton, R. S. Renslow, "Optimizing colormaps with consideration for
    color vision deficiency", PLoS ONE 13, 2018.
    """
    import matplotlib
    from matplotlib.colors import to_hex

    shades = [to_hex(shade) for shade in matplotlib.colormaps["cividis"](np.linspace(0, 1, 256))]
    clear = [shade for shade in shades if contrast(shade, background) >= MIN_CONTRAST]
    clear.sort(key=lambda shade: contrast(shade, background))
    return [clear[i] for i in np.linspace(0, len(clear) - 1, STEPS).round().astype(int)]


def palettes() -> dict[str, dict[str, Any]]:
    """What the page's script needs of each theme: `colours`, `outlier` and `ramp`."""
    return {
        name: {
            "colours": theme.colours,
            "outlier": theme.outlier,
            "ramp": ramp(theme.background),
        }
        for name, theme in THEMES.items()
    }
