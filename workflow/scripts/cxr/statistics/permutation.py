"""Resampling, halving and permuting whole patients, since their images are not independent."""

from collections.abc import Iterator

import numpy as np

BLOCK = 2**18  # numbers of permutations held in memory at a time

MIN_GROUP = 5  # patients of a group within which they are exchanged


def halve_patients(patients: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Which images are of a random half of the patients, bool of shape (n,)."""
    names, owners = np.unique(patients, return_inverse=True)
    selected = rng.permutation(len(names)) < len(names) // 2
    return selected[owners]


def halves_of_patients(
    patients: np.ndarray, splits: int, rng: np.random.Generator
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Each half of `splits` halvings in turn: its images, and the others' in random order.

    Whoever takes one of the others for each patient, takes one at random.
    """
    for _ in range(splits):
        first = halve_patients(patients, rng)
        for half in (first, ~first):
            yield np.flatnonzero(half), rng.permutation(np.flatnonzero(~half))


def subsample_patients(patients: np.ndarray, share: float, rng: np.random.Generator) -> np.ndarray:
    """Indices of the images of a random share of the patients, ascending."""
    names, owners = np.unique(patients, return_inverse=True)
    selected = rng.permutation(len(names)) < round(share * len(names))
    return np.flatnonzero(selected[owners])


def patients_that_fit(patients: np.ndarray, largest: int, rng: np.random.Generator) -> np.ndarray:
    """Indices of at most so many images of patients in random order, ascending.

    Patients with more images than that are left out.
    """
    owners = np.unique(patients, return_inverse=True)[1]
    sizes = np.bincount(owners)
    order = rng.permutation(len(sizes))
    order = order[sizes[order] <= largest]
    return np.flatnonzero(np.isin(owners, order[np.cumsum(sizes[order]) <= largest]))


def bootstrap_patients(patients: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Indices of the images of a bootstrap sample of patients, without duplicates.

    A patient drawn twice counts once: copies would lie on one point of a map and
    form a separate cluster (Hennig 2007, section 3.1).
    """
    names, owners = np.unique(patients, return_inverse=True)
    selected = np.unique(rng.integers(0, len(names), len(names)))
    return np.flatnonzero(np.isin(owners, selected))


class PatientPermutation:
    """Permutations of whole patients: each patient's images get those of another one.

    Patients are exchanged among those with as many images, since otherwise all that
    is associated with the number of images would be associated with one another. A
    number of images that fewer than five patients have is pooled with the next larger
    ones; where two patients then differ, the other's values are repeated from the start
    or cut off, so that values which a patient's images share stay shared.

    Parameters
    ----------
    patients : array of str, shape (n,)
    strata : array, shape (n,), optional
        Patients are exchanged only within a stratum: the commonest one of their
        images.
    """

    def __init__(self, patients: np.ndarray, strata: np.ndarray | None = None) -> None:
        owners = np.unique(patients, return_inverse=True)[1]
        self.order = np.argsort(owners, kind="stable")
        self.sizes = np.bincount(owners)
        self.starts = np.cumsum(self.sizes) - self.sizes
        self.owners = owners
        self.place = np.empty(len(owners), np.int64)
        self.place[self.order] = np.arange(len(owners)) - self.starts[owners[self.order]]
        parts = [np.arange(len(self.sizes))]
        if strata is not None:
            codes = np.unique(strata, return_inverse=True)[1]
            votes = np.zeros((len(self.sizes), codes.max() + 1))
            np.add.at(votes, (owners, codes), 1)
            commonest = votes.argmax(axis=1)
            parts = [np.flatnonzero(commonest == code) for code in np.unique(commonest)]
        self.groups = [group for part in parts for group in self._by_size(part)]

    def _by_size(self, part: np.ndarray) -> list[np.ndarray]:
        """Groups of patients with as many images, small groups pooled with the next."""
        groups: list[np.ndarray] = []
        pool = part[:0]
        for size in np.unique(self.sizes[part]):
            pool = np.concatenate([pool, part[self.sizes[part] == size]])
            if len(pool) >= MIN_GROUP:
                groups, pool = [*groups, pool], part[:0]
        last = groups.pop() if groups and len(pool) else part[:0]
        rest = np.concatenate([last, pool])
        return [*groups, rest] if len(rest) else groups

    @property
    def exchangeable(self) -> int:
        """Number of patients that can be exchanged with another one."""
        return sum(len(group) for group in self.groups if len(group) > 1)

    def draw(self, rng: np.random.Generator) -> np.ndarray:
        """For each image the image whose values it gets, int of shape (n,)."""
        return self.draws(rng, 1)[0]

    def draws(self, rng: np.random.Generator, count: int) -> np.ndarray:
        """As many permutations, int of shape (count, n); the same as from `draw`, one by one."""
        other = np.empty((count, len(self.sizes)), np.int64)
        for row in other:
            for group in self.groups:
                row[group] = rng.permutation(group)
        donor = other[:, self.owners]
        return self.order[self.starts[donor] + self.place % self.sizes[donor]]

    def blocks(self, rng: np.random.Generator, count: int, largest: int) -> Iterator[np.ndarray]:
        """`draws`, so many at a time that `largest` numbers of each are a few megabytes."""
        size = max(1, BLOCK // largest)
        for start in range(0, count, size):
            yield self.draws(rng, min(size, count - start))
