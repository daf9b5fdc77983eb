"""The first two principal components of features: by SVD of few images, by covariance of many."""

from collections.abc import Iterator

import numpy as np

COVARIANCE_FROM = 20_000  # images, and no fewer than features
BLOCK = 2**20  # numbers that are float64 at once


def principal_components(features: np.ndarray) -> np.ndarray:
    """The first two principal components, with scikit-learn's signs.

    The largest loading of a component is positive.

    Parameters
    ----------
    features : float array, shape (n, d)

    Returns
    -------
    float array, shape (n, 2)
        A missing second component is zero.
    """
    from sklearn.decomposition import PCA

    count = min(2, *features.shape)
    if len(features) >= max(COVARIANCE_FROM, features.shape[1]):
        components = _by_covariance(features, count)
    else:
        components = PCA(n_components=count, svd_solver="full").fit_transform(features)
    return np.pad(components, ((0, 0), (0, 2 - count)))


def _by_covariance(features: np.ndarray, count: int) -> np.ndarray:
    """The components from the eigenvectors of the scatter, which few rows at a time make."""
    mean, scatter = mean_and_scatter(features)
    axes = np.linalg.eigh(scatter)[1][:, ::-1][:, :count]
    largest = np.abs(axes).argmax(axis=0)
    axes = axes * np.where(axes[largest, np.arange(count)] < 0, -1.0, 1.0)
    return np.concatenate([(block - mean) @ axes for block in _blocks(features)])


def mean_and_scatter(features: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The mean of the rows, shape (d,), and the sum of their squares about it, shape (d, d).

    One pass, in float64 whatever the features are in.

    References
    ----------
    T. Chan, G. Golub, R. LeVeque, "Updating formulae and a pairwise algorithm for computing
    sample variances", COMPSTAT 1982.
    """
    d = features.shape[1]
    seen, mean, scatter = 0, np.zeros(d), np.zeros((d, d))
    for block in _blocks(features):
        of_block = block.mean(axis=0)
        centred, step = block - of_block, of_block - mean
        total = seen + len(block)
        scatter += centred.T @ centred + np.outer(step, step) * (seen * len(block) / total)
        mean += step * (len(block) / total)
        seen = total
    return mean, scatter


def _blocks(features: np.ndarray) -> Iterator[np.ndarray]:
    """The rows in float64, some at a time."""
    rows = max(1, BLOCK // features.shape[1])
    for start in range(0, len(features), rows):
        yield features[start : start + rows].astype(np.float64)
