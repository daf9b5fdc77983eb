"""Features without clusters, of images of which some share a patient."""

import numpy as np

# Patients with one, two, three and four images, nearly as in the study of April 2020.
SIZES = (1,) * 76 + (2,) * 25 + (3,) * 11 + (4,) * 4
KINDS = ("isotropic", "low rank", "rectified")
UNITS, RANK = 64, 6


def patients(sizes=SIZES):
    """The patient of each image."""
    return np.repeat([f"p{i:03d}" for i in range(len(sizes))], sizes)


def per_patient(values, rng, sizes=SIZES):
    """One of some values for each patient, at every image."""
    return np.repeat(rng.choice(values, len(sizes)), sizes)


def draw(kind, rng, sizes=SIZES, icc=0.5):
    """One Gaussian, float array of shape (images, 64), or what a rectifier leaves of it.

    `icc` is the correlation of a patient's images in every direction.
    """
    owner = np.repeat(np.arange(len(sizes)), sizes)

    def noise(width):
        shared = rng.standard_normal((len(sizes), width))[owner]
        return np.sqrt(icc) * shared + np.sqrt(1 - icc) * rng.standard_normal(shared.shape)

    if kind == "isotropic":
        return noise(UNITS)
    values = noise(RANK) @ rng.standard_normal((RANK, UNITS)) + 0.3 * noise(UNITS)
    if kind == "low rank":
        return values
    return np.maximum(values + rng.normal(-0.5, 1, UNITS), 0)
