"""How far clusterings of the same images agree, counted for many pairs at once.

Outliers count as one group, so that a clustering that leaves out other images agrees less.

References
----------
L. Hubert, P. Arabie, "Comparing partitions", J. Classif. 2, 1985 (the adjusted Rand index).
"""

import numpy as np

from cxr.core.numba_cache import kernel


@kernel
def count_shared(one: np.ndarray, other: np.ndarray, shared: np.ndarray) -> None:
    """The images in each pair of groups, the outliers first, into an int array (k + 1, m + 1)."""
    shared[:] = 0
    for i in range(len(one)):
        shared[one[i] + 1, other[i] + 1] += 1


@kernel
def pairs_within(sizes: np.ndarray) -> float:
    """Pairs of images in one group, from the groups' sizes."""
    total = 0.0
    for size in sizes.ravel():
        total += size * (size - 1.0) / 2.0
    return total


@kernel
def adjusted_rand(shared: np.ndarray) -> float:
    """The adjusted Rand index of two partitions, from the images in each pair of their groups.

    1 where both hold all images together, or all apart; 0 where there is none.
    """
    n = shared.sum()
    if n < 2:
        return 0.0
    one, other = pairs_within(shared.sum(axis=1)), pairs_within(shared.sum(axis=0))
    expected = one * other / (n * (n - 1.0) / 2.0)
    largest = (one + other) / 2.0
    if largest == expected:
        return 1.0
    return (pairs_within(shared) - expected) / (largest - expected)


@kernel
def agreement_by_group(labels: np.ndarray, groups: np.ndarray, n_groups: int) -> np.ndarray:
    """The mean adjusted Rand index of each clustering with those of every group.

    Parameters
    ----------
    labels : int16 array, shape (l, n)
        -1 is an outlier.
    groups : int array, shape (l,)
        The group of each clustering, from 0; -1 for one that is compared, but does not vote.
    n_groups : int

    Returns
    -------
    float array, shape (l, n_groups)
        NaN for a clustering's own group, 0 for a group without clusterings.
    """
    sums = np.zeros((len(labels), n_groups))
    counts = np.zeros(n_groups)
    size = labels.max() + 2 if labels.size else 1
    shared = np.zeros((size, size), np.int64)
    for a in range(len(labels)):
        if groups[a] >= 0:
            counts[groups[a]] += 1
        for b in range(a):
            if groups[a] == groups[b]:
                continue
            count_shared(labels[a], labels[b], shared)
            index = adjusted_rand(shared)
            if groups[b] >= 0:
                sums[a, groups[b]] += index
            if groups[a] >= 0:
                sums[b, groups[a]] += index
    for a in range(len(labels)):
        for group in range(n_groups):
            if group == groups[a]:
                sums[a, group] = np.nan
            elif counts[group] > 0:
                sums[a, group] /= counts[group]
    return sums


@kernel
def image_agreement(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """For each image how far its groups in two clusterings are the same, 0 to 1, shape (n,).

    The Jaccard similarity of the two groups that hold it.
    """
    shared = np.zeros((one.max() + 2, other.max() + 2), np.int64)
    count_shared(one, other, shared)
    rows, columns = shared.sum(axis=1), shared.sum(axis=0)
    result = np.empty(len(one))
    for i in range(len(one)):
        a, b = one[i] + 1, other[i] + 1
        result[i] = shared[a, b] / (rows[a] + columns[b] - shared[a, b])
    return result


@kernel
def core_and_outliers(one: np.ndarray, other: np.ndarray) -> tuple[float, float]:
    """The adjusted Rand index of the images that both cluster; the Jaccard index of the outliers.

    The second is 1 where neither has any.
    """
    shared = np.zeros((one.max() + 2, other.max() + 2), np.int64)
    count_shared(one, other, shared)
    either = shared[0, :].sum() + shared[:, 0].sum() - shared[0, 0]
    return adjusted_rand(shared[1:, 1:]), shared[0, 0] / either if either else 1.0


@kernel
def rand_index(one: np.ndarray, other: np.ndarray) -> float:
    """The adjusted Rand index of two clusterings of the same images."""
    shared = np.zeros((one.max() + 2, other.max() + 2), np.int64)
    count_shared(one, other, shared)
    return adjusted_rand(shared)
