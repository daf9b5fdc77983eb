"""Clusters in the space of the features, without a map."""

from dataclasses import dataclass

import numpy as np

from cxr.clustering.dbcv import density_validity
from cxr.clustering.hdbscan_tree import hdbscan_labels
from cxr.evidence.search import SearchGrid

# As many principal components as explain so much of the variance, but no more than so many.
VARIANCE, MOST_COMPONENTS = 0.9, 10
# Smallest cluster sizes as shares of the images, and neighbours of the core distance.
SHARES, MIN_SAMPLES = (0.03, 0.05, 0.08, 0.12, 0.2), 10
# The column of the null simulations.
STATISTIC = "feature_dbcv"


@dataclass(frozen=True)
class FeatureClusters:
    """The best clustering by HDBSCAN of the features' principal components.

    Attributes
    ----------
    dbcv : float
        The highest DBCV, in the space of the components, of a clustering with a usable number
        of clusters; -infinite where none has.
    components : int
    labels : int16 array, shape (n,)
        Its clusters; -1 is an outlier, and every image is one without a clustering.
    """

    dbcv: float
    components: int
    labels: np.ndarray

    @property
    def n_clusters(self) -> int:
        """Clusters of the best clustering; 0 without one."""
        return int(self.labels.max(initial=-1)) + 1


def cluster_features(features: np.ndarray, grid: SearchGrid) -> FeatureClusters:
    """Clusters the features themselves.

    Any share of outliers is allowed: in many dimensions HDBSCAN leaves out more than on a map, and
    DBCV counts each cluster by its share of all images.

    Parameters
    ----------
    features : float array, shape (n, d)
    grid : SearchGrid
        Whose numbers of clusters a usable clustering has.
    """
    points = leading_components(features)
    n, components = points.shape
    sizes = sorted({max(2, round(share * n)) for share in SHARES})
    labels = np.unique(hdbscan_labels(points, sizes, MIN_SAMPLES), axis=0)
    counts = labels.max(axis=1) + 1
    labels = labels[(counts >= max(2, grid.min_clusters)) & (counts <= grid.max_clusters)]
    if not len(labels):
        return FeatureClusters(-np.inf, components, np.full(n, -1, np.int16))
    from scipy.spatial.distance import cdist

    distances = cdist(points, points)
    validity = [density_validity(distances, row.astype(np.int64), components) for row in labels]
    best = int(np.argmax(validity))
    return FeatureClusters(float(validity[best]), components, labels[best])


def leading_components(features: np.ndarray) -> np.ndarray:
    """The principal components that explain `VARIANCE`, but at most `MOST_COMPONENTS`, (n, k).

    From the smaller of the two matrices of products, of images or of units, which takes a tenth of
    the time of a singular value decomposition where there are more units than images.
    """
    from scipy.linalg import eigh

    centred = features - features.mean(axis=0)
    n, width = centred.shape
    products = centred @ centred.T if n < width else centred.T @ centred
    size = len(products)
    variances, axes = eigh(products, subset_by_index=(max(0, size - MOST_COMPONENTS), size - 1))
    variances, axes = np.maximum(variances[::-1], 0.0), axes[:, ::-1]
    count = 1 + int(np.searchsorted(np.cumsum(variances), VARIANCE * np.trace(products)))
    axes, variances = axes[:, :count], variances[:count]
    return axes * np.sqrt(variances) if n < width else centred @ axes
