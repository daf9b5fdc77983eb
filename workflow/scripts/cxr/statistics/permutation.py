"""Resampling, halving and permuting whole patients, since their images are not independent."""

import numpy as np

MIN_GROUP = 5  # patients of a group within which they are exchanged


def halve_patients(patients: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Which images are of a random half of the patients, bool of shape (n,)."""
    names, owner = np.unique(patients, return_inverse=True)
    chosen = rng.permutation(len(names)) < len(names) // 2
    return chosen[owner]


def subsample_patients(patients: np.ndarray, share: float, rng: np.random.Generator) -> np.ndarray:
    """Indices of the images of a random share of the patients, ascending."""
    names, owner = np.unique(patients, return_inverse=True)
    chosen = rng.permutation(len(names)) < round(share * len(names))
    return np.flatnonzero(chosen[owner])


def bootstrap_patients(patients: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Indices of the images of as many patients as there are, drawn with replacement.

    A patient drawn twice counts once: copies would lie on one point of a map and
    make a cluster of their own (Hennig 2007, section 3.1).
    """
    names, owner = np.unique(patients, return_inverse=True)
    drawn = np.unique(rng.integers(0, len(names), len(names)))
    return np.flatnonzero(np.isin(owner, drawn))


class PatientPermutation:
    """Permutations of whole patients: each patient's images get those of another one.

    Patients are exchanged among those with as many images, since what goes with the
    number of images would otherwise be found to go with anything. Numbers that fewer
    than five patients have are joined with the next larger ones; where they then differ,
    the other's values are repeated from the start or cut off, so that values which a
    patient's images share stay shared.

    Parameters
    ----------
    patients : array of str, shape (n,)
    strata : array, shape (n,), optional
        Patients are exchanged only within a stratum: the commonest one of their
        images.
    """

    def __init__(self, patients: np.ndarray, strata: np.ndarray | None = None) -> None:
        owner = np.unique(patients, return_inverse=True)[1]
        self.order = np.argsort(owner, kind="stable")
        self.sizes = np.bincount(owner)
        self.starts = np.cumsum(self.sizes) - self.sizes
        self.owner = owner
        self.place = np.empty(len(owner), np.int64)
        self.place[self.order] = np.arange(len(owner)) - self.starts[owner[self.order]]
        parts = [np.arange(len(self.sizes))]
        if strata is not None:
            codes = np.unique(strata, return_inverse=True)[1]
            votes = np.zeros((len(self.sizes), codes.max() + 1))
            np.add.at(votes, (owner, codes), 1)
            commonest = votes.argmax(axis=1)
            parts = [np.flatnonzero(commonest == code) for code in np.unique(commonest)]
        self.groups = [alike for part in parts for alike in self._alike(part)]

    def _alike(self, part: np.ndarray) -> list[np.ndarray]:
        """Some patients in groups of as many images, few of them together."""
        found: list[np.ndarray] = []
        few = part[:0]
        for size in np.unique(self.sizes[part]):
            few = np.concatenate([few, part[self.sizes[part] == size]])
            if len(few) >= MIN_GROUP:
                found, few = [*found, few], part[:0]
        last = found.pop() if found and len(few) else part[:0]
        rest = np.concatenate([last, few])
        return [*found, rest] if len(rest) else found

    @property
    def exchangeable(self) -> int:
        """Patients that have another one to be exchanged with."""
        return sum(len(group) for group in self.groups if len(group) > 1)

    def draw(self, rng: np.random.Generator) -> np.ndarray:
        """For each image the image whose values it gets, int of shape (n,)."""
        other = np.empty(len(self.sizes), np.int64)
        for group in self.groups:
            other[group] = rng.permutation(group)
        donor = other[self.owner]
        return self.order[self.starts[donor] + self.place % self.sizes[donor]]
