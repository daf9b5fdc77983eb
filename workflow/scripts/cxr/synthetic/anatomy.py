"""Simulating one radiograph: tissue attenuates, the sum is exposed."""

from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw
from scipy.ndimage import gaussian_filter


@dataclass(frozen=True)
class Anatomy:
    """What stays the same in all images of a patient; 1 is average."""

    thorax: float
    heart: float
    diaphragm: float
    ribs: float
    fat: float
    seed: int

    @classmethod
    def draw(cls, rng: np.random.Generator) -> "Anatomy":
        """A patient's anatomy."""
        sizes = 1 + 0.07 * rng.normal(size=5).clip(-2, 2)
        thorax, heart, diaphragm, ribs, fat = map(float, sizes)
        return cls(thorax, heart, diaphragm, ribs, fat, seed=int(rng.integers(2**32)))


@dataclass(frozen=True)
class Pattern:
    """Where and how the opacities of a disease lie.

    Attributes
    ----------
    count : float
        Mean number of patches on a side at full severity.
    height : float
        Mean height in the lung, 0 at the apex, 1 at the base.
    lateral : float
        Mean distance from the midline, 0 at the hilum, 1 at the chest wall.
    spread : float
        Standard deviation of both.
    size : float
        Mean radius, as a share of the image's height.
    density : float
        Attenuation of a patch at its centre.
    streaks : float
        Strength of an interstitial texture.
    sides : int
        1 or 2 lungs.
    """

    count: float
    height: float
    lateral: float
    spread: float
    size: float
    density: float
    streaks: float
    sides: int = 2


@dataclass(frozen=True)
class Exposure:
    """How an image was acquired."""

    view: str
    severity: float
    pattern: Pattern | None


def draw(size: int, anatomy: Anatomy, exposure: Exposure, rng: np.random.Generator) -> np.ndarray:
    """The ideal radiograph, before the scanner: 0 is black (air), 1 white (bone).

    Parameters
    ----------
    size : int
        Height and width, pixels.
    rng : Generator
        Pose and the places of the opacities.

    Returns
    -------
    float array, shape (size, size)
    """
    shift, tilt = rng.normal(0, 0.012, 2)
    y, x = np.mgrid[0 : 1 : size * 1j, 0 : 1 : size * 1j]
    x = x - 0.5 - shift - tilt * (y - 0.5)
    patient_rng = np.random.default_rng(anatomy.seed)
    image = (
        _lateral(x, y, anatomy)
        if exposure.view == "L"
        else _frontal(x, y, anatomy, exposure, patient_rng)
    )
    if exposure.pattern is not None and exposure.severity > 0 and exposure.view != "L":
        image += _opacities(x, y, anatomy, exposure, rng)
    # Film and detector compress the bright end.
    return np.clip(0.97 * np.tanh(1.15 * np.clip(image, 0, None)), 0, 1)


def _smooth(inside: np.ndarray, width: float) -> np.ndarray:
    """A soft step: 1 where `inside` is positive, 0 where negative."""
    return 1 / (1 + np.exp(-np.clip(inside / width, -40, 40)))


def _lung(x: np.ndarray, y: np.ndarray, anatomy: Anatomy, side: int, dome: float) -> np.ndarray:
    """Mask of one lung, side -1 the patient's right (the image's left), 1 the left."""
    width = 0.165 * anatomy.thorax * (1 if side < 0 else 0.93)
    centre = side * 0.205 * anatomy.thorax
    taper = 1 - 0.55 * np.clip((0.38 - y) / 0.3, 0, 1) ** 1.6
    across = 1 - np.abs((x - centre * (0.82 + 0.18 * taper)) / (width * taper))
    base = dome + (0.02 if side > 0 else 0.0) + 0.5 * (x - centre * 0.9) ** 2 / 0.12
    return _smooth(across, 0.05) * _smooth(y - 0.11, 0.015) * _smooth(base - y, 0.008)


def _frontal(
    x: np.ndarray,
    y: np.ndarray,
    anatomy: Anatomy,
    exposure: Exposure,
    patient_rng: np.random.Generator,
) -> np.ndarray:
    supine, ap = exposure.view == "AP Supine", exposure.view != "PA"
    dome = 0.76 * (2 - anatomy.diaphragm) - 0.05 * supine
    heart = anatomy.heart * (1.14 if ap else 1.0)
    wall = _smooth(1 - np.abs(x) / (0.455 * anatomy.thorax + 0.05 * np.clip(y - 0.1, 0, 0.3)), 0.03)
    neck = 0.25 * np.clip(np.abs(x) - 0.12, 0, None)
    arms = _smooth(0.34 - y, 0.05)
    body = np.maximum(wall, arms) * _smooth(y - neck, 0.015) * (0.42 + 0.08 * anatomy.fat)
    lungs = sum(_lung(x, y, anatomy, side, dome) for side in (-1, 1))
    image = body * (1 - 0.72 * np.clip(lungs, 0, 1))
    image += 0.24 * _smooth(0.052 - np.abs(x), 0.014) * _smooth(y - 0.02, 0.02)
    image += 0.05 * _smooth(0.032 - np.abs(x), 0.004) * (0.5 + 0.5 * np.cos(y * 95))
    image -= 0.09 * _smooth(0.014 - np.abs(x + 0.004), 0.004) * _smooth(0.3 - y, 0.03)
    image += 0.27 * _smooth(
        1 - ((x - 0.075) / (0.15 * heart)) ** 2 - ((y - 0.63) / (0.155 * heart)) ** 2, 0.09
    )
    image += 0.16 * _smooth(1 - ((x - 0.06) / 0.05) ** 2 - ((y - 0.36) / 0.05) ** 2, 0.25)
    belly = _smooth(y - dome - 0.5 * (np.abs(x) - 0.18) ** 2 / 0.12, 0.01) * wall
    image += 0.2 * belly
    bubble = 1 - ((x - 0.2) / 0.07) ** 2 - ((y - dome - 0.1) / 0.045) ** 2
    image -= patient_rng.choice([0, 0.22]) * _smooth(bubble, 0.2)
    image += _bones(x, y, anatomy, dome, supine) * wall
    return image + np.clip(lungs, 0, 1) * _vessels(x, y, patient_rng)


def _bones(x: np.ndarray, y: np.ndarray, anatomy: Anatomy, dome: float, supine: bool) -> np.ndarray:
    """Posterior and anterior ribs, clavicles."""
    image = np.zeros_like(x)
    out = np.abs(x) / (0.43 * anatomy.thorax)
    gap = 0.072 * anatomy.ribs
    for rib in range(10):
        top = 0.1 + rib * gap
        posterior = top + 0.075 * out**1.5 - 0.035 * (1 - out)
        anterior = top + 0.11 + 0.13 * np.clip(1 - out, 0, 1) ** 1.2
        fade = _smooth(1 - out, 0.03)
        image += 0.115 * np.exp(-(((y - posterior) / 0.0105) ** 2)) * fade
        image += 0.05 * np.exp(-(((y - anterior) / 0.013) ** 2)) * fade * _smooth(out - 0.45, 0.08)
    image *= 1 - 0.5 * _smooth(y - dome, 0.03)
    collar = 0.155 - 0.03 * supine - 0.12 * np.abs(x)
    return image + 0.2 * np.exp(-(((y - collar) / 0.013) ** 2)) * _smooth(np.abs(x) - 0.045, 0.01)


def _vessels(x: np.ndarray, y: np.ndarray, patient_rng: np.random.Generator) -> np.ndarray:
    """Branches that fan out from the hila and fade towards the chest wall."""
    image = np.zeros_like(x)
    for side in (-1, 1):
        dx, dy = side * x - 0.075, y - 0.44
        radius, angle = np.hypot(dx, dy) + 1e-9, np.arctan2(dy, dx)
        image += 0.16 * np.exp(-((radius / 0.055) ** 2))
        for _ in range(11):
            towards, bend = patient_rng.uniform(-1.45, 1.45), patient_rng.normal(0, 1.6)
            off = radius * np.sin(angle - towards - bend * radius)
            ahead = np.cos(angle - towards) > 0
            image += 0.11 * ahead * np.exp(-((off / 0.0065) ** 2)) * np.exp(-radius / 0.13)
    return image


def _lateral(x: np.ndarray, y: np.ndarray, anatomy: Anatomy) -> np.ndarray:
    """A lateral view: one lung field, the spine at the back, the heart in front."""
    wall = _smooth(1 - np.abs(x) / (0.36 * anatomy.thorax), 0.04)
    lung = _smooth(1 - (x / 0.28) ** 2 - ((y - 0.45) / 0.36) ** 2, 0.06)
    image = wall * 0.5 * (1 - 0.65 * lung)
    image += (
        0.3
        * _smooth(0.05 - np.abs(x - 0.22 - 0.08 * (y - 0.5)), 0.012)
        * (0.75 + 0.25 * np.cos(y * 80))
    )
    image += 0.3 * _smooth(1 - ((x + 0.1) / 0.12) ** 2 - ((y - 0.6) / 0.15) ** 2, 0.1)
    return image + 0.28 * _smooth(y - 0.74 - 0.35 * (x + 0.05) ** 2, 0.012) * wall


def _opacities(
    x: np.ndarray, y: np.ndarray, anatomy: Anatomy, exposure: Exposure, rng: np.random.Generator
) -> np.ndarray:
    """Patches of haze inside the lungs, and streaks, by the pattern and the severity."""
    pattern, severity = exposure.pattern, exposure.severity
    assert pattern is not None
    dome = 0.76 * (2 - anatomy.diaphragm)
    lungs = {side: _lung(x, y, anatomy, side, dome) for side in (-1, 1)}
    sides = (-1, 1) if pattern.sides == 2 else (int(rng.choice([-1, 1])),)
    image = np.zeros_like(x)
    for side in sides:
        for _ in range(rng.poisson(pattern.count * severity) + (pattern.sides == 1)):
            height = np.clip(rng.normal(pattern.height, pattern.spread), 0.02, 0.98)
            lateral = np.clip(rng.normal(pattern.lateral, pattern.spread), 0.05, 0.98)
            cx = side * (0.08 + 0.27 * lateral) * anatomy.thorax
            cy = 0.14 + (dome - 0.16) * height
            radius = pattern.size * rng.uniform(0.75, 1.3) * (0.6 + 0.4 * severity)
            patch = np.exp(-((((x - cx) / radius) ** 2 + ((y - cy) / (radius * 1.15)) ** 2) ** 1.3))
            image += pattern.density * severity * patch * lungs[side]
    scale = max(x.shape[0] / 160, 0.6)
    noise = gaussian_filter(rng.normal(size=x.shape), 1.1 * scale)
    image *= 1 + 0.9 * noise / max(float(noise.std()), 1e-9) * 0.16
    if pattern.streaks > 0:
        mesh = np.abs(gaussian_filter(rng.normal(size=x.shape), 1.9 * scale))
        mesh = 1 - mesh / max(float(np.quantile(mesh, 0.9)), 1e-9)
        image += pattern.streaks * severity * np.clip(mesh, 0, 1) ** 1.5 * (lungs[-1] + lungs[1])
    return 0.6 * np.tanh(image / 0.6)


def burn_in(pixels: np.ndarray, marker: str) -> np.ndarray:
    """A marker in the upper corner, as technicians place it.

    Parameters
    ----------
    pixels : uint8 array, shape (h, w)
    marker : str
        Letters such as "L" or "AP"; empty for none.
    """
    if not marker:
        return pixels
    image = Image.fromarray(pixels)
    height, width = pixels.shape
    place = (int(width * 0.86), int(height * 0.05))
    ImageDraw.Draw(image).text(place, marker, fill=245, font_size=max(9, height // 14))
    return np.array(image)
