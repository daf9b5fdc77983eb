"""Folds in which every class has its share and no group is divided."""

from collections.abc import Iterator

import numpy as np

from cxr.core.numba_cache import kernel

BLOCK = 128  # numbers that NumPy sums before it adds such sums


def stratified_group_folds(
    classes: np.ndarray, groups: np.ndarray, folds: int, seed: int
) -> Iterator[np.ndarray]:
    """The rows of each fold, as scikit-learn's shuffled StratifiedGroupKFold divides them.

    Groups are placed one after another, those whose images are spread least evenly over the
    classes first, each where the shares of the classes then differ least among the folds.

    Parameters
    ----------
    classes : array, shape (n,)
    groups : int array, shape (n,)
    folds : int
        At most as many as there are groups, and images in the largest class.
    seed : int
        Seed of the shuffling, below 2^32.

    Returns
    -------
    iterator of int array
        Row numbers, ascending.

    References
    ----------
    scikit-learn 1.9, `sklearn.model_selection.StratifiedGroupKFold`; the same sums in the same
    order, so that folds do not depend on which of the two divides.
    """
    _, codes, totals = np.unique(classes, return_inverse=True, return_counts=True)
    if len(totals) > BLOCK:  # whose sums NumPy divides into blocks
        from sklearn.model_selection import StratifiedGroupKFold

        kfold = StratifiedGroupKFold(folds, shuffle=True, random_state=seed)
        yield from (fold for _, fold in kfold.split(codes, codes, groups))
        return
    _, members = np.unique(groups, return_inverse=True)
    n_groups, n_classes = int(members.max()) + 1, len(totals)
    counts = np.bincount(members * n_classes + codes, minlength=n_groups * n_classes)
    order = np.arange(n_groups)
    np.random.RandomState(seed).shuffle(order)
    shuffled = counts.reshape(n_groups, n_classes)[order].astype(np.float64)
    placed = np.argsort(-np.std(shuffled, axis=1), kind="stable")
    fold_of_group = np.empty(n_groups, dtype=np.int64)
    fold_of_group[order[placed]] = _place(shuffled[placed], totals, folds)
    fold_of_row = fold_of_group[members]
    for fold in range(folds):
        yield np.flatnonzero(fold_of_row == fold)


@kernel
def _sum(values: np.ndarray) -> float:
    """The sum of at most 128 numbers in the order in which NumPy adds them."""
    n = len(values)
    total = 0.0
    if n < 8:
        for value in values:
            total += value
        return total
    parts = values[:8].copy()
    whole = n - n % 8
    for start in range(8, whole, 8):
        for k in range(8):
            parts[k] += values[start + k]
    total = ((parts[0] + parts[1]) + (parts[2] + parts[3])) + (
        (parts[4] + parts[5]) + (parts[6] + parts[7])
    )
    for k in range(whole, n):
        total += values[k]
    return total


@kernel
def _spread(shares: np.ndarray, deviations: np.ndarray, squares: np.ndarray) -> float:
    """The standard deviation of each column over the rows, averaged over the columns.

    `deviations` and `squares` are room for as many numbers as there are columns and rows.
    """
    folds, n_classes = shares.shape
    for k in range(n_classes):
        # A single column is contiguous, and NumPy sums it as it sums a row.
        mean = 0.0
        if n_classes == 1:
            mean = _sum(shares[:, k].copy())
        else:
            for fold in range(folds):
                mean += shares[fold, k]
        mean /= folds
        for fold in range(folds):
            squares[fold] = (shares[fold, k] - mean) * (shares[fold, k] - mean)
        variance = 0.0
        if n_classes == 1:
            variance = _sum(squares)
        else:
            for fold in range(folds):
                variance += squares[fold]
        deviations[k] = np.sqrt(variance / folds)
    return _sum(deviations) / n_classes


@kernel
def _place(counts: np.ndarray, totals: np.ndarray, folds: int) -> np.ndarray:
    """The fold of each group, placed in the order of the rows of `counts`."""
    n_groups, n_classes = counts.shape
    filled = np.zeros((folds, n_classes))
    shares = np.zeros((folds, n_classes))
    deviations, squares = np.empty(n_classes), np.empty(folds)
    result = np.empty(n_groups, dtype=np.int64)
    for group in range(n_groups):
        best, least, fewest = -1, np.inf, np.inf
        for fold in range(folds):
            for k in range(n_classes):
                shares[fold, k] = (filled[fold, k] + counts[group, k]) / totals[k]
            spread = _spread(shares, deviations, squares)
            for k in range(n_classes):
                shares[fold, k] = filled[fold, k] / totals[k]
            size = filled[fold].sum()
            # As numpy.isclose.
            alike = abs(spread - least) <= 1e-8 + 1e-5 * abs(least) and np.isfinite(least)
            if spread < least or (alike and size < fewest):
                best, least, fewest = fold, spread, size
        for k in range(n_classes):
            filled[best, k] += counts[group, k]
            shares[best, k] = filled[best, k] / totals[k]
        result[group] = best
    return result
