"""Features of one piece and of planted groups, of images of which some share a patient."""

import numpy as np

# Patients with one, two, three and four images, nearly as in the study of April 2020.
SIZES = (1,) * 76 + (2,) * 25 + (3,) * 11 + (4,) * 4
# One Gaussian, in three forms, and clouds of one piece that are none.
GAUSSIANS = ("isotropic", "low rank", "rectified")
CLOUDS = ("bent", "heavy-tailed", "skewed", "uneven")
KINDS = GAUSSIANS + CLOUDS
UNITS, RANK = 64, 6
# Patients in planted groups of unequal size, as shares of the first group's.
UNEQUAL = (1.0, 0.5, 0.7, 0.3, 0.4)


def sizes_of(n):
    """Numbers of images of patients, as in `SIZES`, for about n images in all."""
    repeated = int(np.ceil(n / sum(SIZES)))
    sizes = np.random.default_rng(0).permutation(np.array(SIZES * repeated))
    return tuple(int(size) for size in sizes[np.cumsum(sizes) <= n])


def patients(sizes=SIZES):
    """The patient of each image."""
    return np.repeat([f"p{i:03d}" for i in range(len(sizes))], sizes)


def per_patient(values, rng, sizes=SIZES):
    """One of some values for each patient, at every image."""
    return np.repeat(rng.choice(values, len(sizes)), sizes)


def noise(rng, sizes, width, icc=0.5):
    """Gaussian numbers of each image, of unit variance, correlated within patients."""
    owner = np.repeat(np.arange(len(sizes)), sizes)
    shared = rng.standard_normal((len(sizes), width))[owner]
    return np.sqrt(icc) * shared + np.sqrt(1 - icc) * rng.standard_normal(shared.shape)


def spread(values, rng, sizes, icc=0.5, units=UNITS):
    """Values of a few directions as features of many units, with some noise of their own."""
    mixed = values @ rng.standard_normal((values.shape[1], units))
    return mixed + 0.3 * noise(rng, sizes, units, icc)


def rectify(values, rng):
    """What a rectifier leaves of features."""
    return np.maximum(values + rng.normal(-0.5, 1, values.shape[1]), 0)


def draw(kind, rng, sizes=SIZES, icc=0.5, units=UNITS):
    """Features of one piece, float array of shape (images, units).

    Of `GAUSSIANS`: one Gaussian, or what a rectifier leaves of it. Of `CLOUDS`, all in one
    piece of even or falling density: a bent band in three dimensions; a heavy-tailed (t with
    3 degrees of freedom) and a skewed (log-normal) cloud before a rectifier; a straight band
    that is ever less dense. `icc` is the correlation of a patient's images.
    """
    from scipy.special import ndtr

    if kind == "isotropic":
        return noise(rng, sizes, units, icc)
    if kind in ("bent", "uneven"):
        along, across, up = ndtr(noise(rng, sizes, 3, icc)).T
        angle, radius = 1.5 * np.pi * along, 3 + across - 0.5
        band = [radius * np.cos(angle), radius * np.sin(angle), 2 * up]
        if kind == "uneven":
            band = [10 * along**3, 2 * across, 2 * up]
        rotation = np.linalg.qr(rng.standard_normal((units, 3)))[0]
        return 3 * np.column_stack(band) @ rotation.T + 0.3 * noise(rng, sizes, units, icc)
    values = noise(rng, sizes, RANK, icc)
    if kind == "heavy-tailed":
        values /= np.repeat(np.sqrt(rng.chisquare(3, len(sizes)) / 3), sizes)[:, None]
    if kind == "skewed":
        values = np.exp(0.8 * values)
    values = spread(values, rng, sizes, icc, units)
    return values if kind == "low rank" else rectify(values, rng)


def plant(n_groups, distance, rng, sizes=SIZES, equal=False):
    """Rectified features of planted groups of patients, and the group of each image.

    Parameters
    ----------
    n_groups : int
        From 2 to 5.
    distance : float
        Of each group's centre from that of all, in standard deviations within a group;
        the centres lie on axes of their own.
    sizes : sequence of int
        Images of each patient.
    equal : bool
        Whether the groups have as many patients each.
    """
    shares = np.ones(n_groups) if equal else np.array(UNEQUAL[:n_groups])
    bounds = np.cumsum(shares) / shares.sum()
    group = np.searchsorted(bounds, (np.arange(len(sizes)) + 0.5) / len(sizes))
    group = np.repeat(rng.permutation(group), sizes)
    axes = np.linalg.qr(rng.standard_normal((RANK, RANK)))[0]
    values = noise(rng, sizes, RANK) + distance * axes[:n_groups][group]
    return rectify(spread(values, rng, sizes), rng), group
