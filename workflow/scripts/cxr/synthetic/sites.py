"""Hospitals with one scanner each, and what it makes of an ideal radiograph."""

import io
from dataclasses import dataclass

import numpy as np
from PIL import Image
from scipy.ndimage import gaussian_filter

from cxr.synthetic.anatomy import burn_in


@dataclass(frozen=True)
class Site:
    """A hospital and its one scanner."""

    location: str
    country: str
    scanner: str
    share: float
    contrast: float
    gamma: float
    noise: float
    blur: float
    margin: float
    marker: str
    suffix: str
    colour: bool


SITES = (
    Site(
        "Ospedale San Marco, Bergamo, Italy ",
        "Italy",
        "Alto DX 2",
        0.30,
        1.0,
        1.0,
        0.012,
        0.4,
        0.0,
        "L",
        ".jpg",
        False,
    ),
    Site(
        "Hospital del Sol, Barcelona, Spain",
        "Spain",
        "Brisa CR 10",
        0.16,
        1.15,
        0.9,
        0.02,
        0.6,
        0.03,
        "",
        ".jpeg",
        True,
    ),
    Site(
        "Wuhan East Hospital, Wuhan, Hubei Province, China",
        "China",
        "Cumulus DR",
        0.14,
        0.9,
        1.15,
        0.015,
        0.9,
        0.05,
        "AP",
        ".png",
        False,
    ),
    Site(
        "Taoyuan City Hospital, Taoyuan, Taiwan ",
        "Taiwan",
        "Delta Ray 5",
        0.10,
        1.05,
        1.05,
        0.01,
        0.3,
        0.02,
        "",
        ".png",
        True,
    ),
    Site(
        "Harbour Hospital, Melbourne, Australia",
        "Australia",
        "Eos Mobile",
        0.08,
        1.1,
        1.0,
        0.018,
        0.5,
        0.0,
        "R",
        ".jpg",
        False,
    ),
    Site(
        "Goyang Central Hospital, Goyang, Korea",
        "South Korea",
        "Fathom 400",
        0.06,
        0.95,
        0.95,
        0.014,
        0.5,
        0.04,
        "L",
        ".jpeg",
        False,
    ),
    Site("Macao, China", "Macao", "Gale DR 3", 0.04, 1.0, 1.1, 0.02, 0.8, 0.0, "", ".jpg", True),
    Site("", "", "Halo CR", 0.12, 1.0, 1.0, 0.02, 0.7, 0.02, "", ".jpeg", True),
)


def expose(ideal: np.ndarray, site: Site, rng: np.random.Generator) -> np.ndarray:
    """What a site's scanner makes of an ideal radiograph.

    Parameters
    ----------
    ideal : float array, shape (size, size)
        From 0 to 1.

    Returns
    -------
    uint8 array, shape (size, width)
        The width varies with the site's margin and a little at random.
    """
    size = len(ideal)
    image = gaussian_filter(ideal, site.blur * size / 192)
    image = 0.5 + (image**site.gamma - 0.5) * site.contrast * rng.normal(1, 0.03)
    image += rng.normal(0, site.noise, image.shape) + rng.normal(0, 0.015)
    cut = int(size * (site.margin + rng.uniform(0, 0.05)))
    image = image[:, cut : size - cut] if cut else image
    pixels = np.round(255 * np.clip(image, 0, 1)).astype(np.uint8)
    return burn_in(pixels, site.marker if rng.random() < 0.7 else "")


def encode(pixels: np.ndarray, site: Site) -> bytes:
    """The file as a site writes it."""
    image = Image.fromarray(pixels)
    buffer = io.BytesIO()
    image = image.convert("RGB") if site.colour else image
    if site.suffix == ".png":
        image.save(buffer, "PNG")
    else:
        image.save(buffer, "JPEG", quality=92)
    return buffer.getvalue()
