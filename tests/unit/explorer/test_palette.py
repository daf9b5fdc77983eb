"""Colours of marks stand out from the page and differ to colour-blind readers."""

import re
from pathlib import Path

import numpy as np
import pytest

from cxr.explorer.palette import MIN_CONTRAST, STEPS, THEMES, contrast, luminance, palettes
from cxr.report import rendering

# Simulations of protanopia, deuteranopia and tritanopia: G. M. Machado, M. M. Oliveira, L. A. F.
# Fernandes, "A physiologically-based model for simulation of color vision deficiency", 2009.
VISION = {
    "normal": np.eye(3),
    "protanopia": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deuteranopia": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "tritanopia": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
}
# Linear sRGB to the perceptually uniform space OKLab: B. Ottosson, 2020.
TO_CONES = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
)
TO_LAB = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
)
# About three just noticeable differences in OKLab.
DISTINCT = 0.06


def oklab(colours, vision):
    channels = np.array([[int(c[i : i + 2], 16) for i in (1, 3, 5)] for c in colours]) / 255
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    seen = np.clip(linear @ np.transpose(VISION[vision]), 0, 1)
    return np.cbrt(seen @ TO_CONES.T) @ TO_LAB.T


def test_contrast_is_that_of_the_guidelines():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)
    assert luminance("#ffffff") == pytest.approx(1)


@pytest.mark.parametrize("name", THEMES)
def test_marks_stand_out_from_the_page(name):
    theme = THEMES[name]
    marks = [*theme.colours, theme.outlier, *palettes()[name]["ramp"]]
    assert len(palettes()[name]["ramp"]) == STEPS
    assert min(contrast(mark, theme.background) for mark in marks) >= MIN_CONTRAST


@pytest.mark.parametrize("vision", VISION)
@pytest.mark.parametrize("name", THEMES)
def test_colours_differ_with_every_kind_of_colour_blindness(name, vision):
    places = oklab([*THEMES[name].colours, THEMES[name].outlier], vision)
    distances = np.linalg.norm(places[:, None] - places[None], axis=-1)
    pairs = distances[np.triu_indices(len(places), 1)]
    assert pairs.min() >= DISTINCT


@pytest.mark.parametrize("name", THEMES)
def test_the_maps_have_the_background_that_the_colours_are_for(name):
    style = (Path(rendering.__file__).parent / "css" / "explorer.css").read_text()
    light, dark = re.findall(r"--map: (#[0-9a-f]{6});", style)
    assert {"light": light, "dark": dark}[name] == THEMES[name].background
