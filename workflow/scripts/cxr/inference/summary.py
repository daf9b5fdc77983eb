"""What is said of a folder of predicted images, beside its tables."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from cxr.features.extract import mean_outputs
from cxr.inference.distance import TrainingDistance, percentiles

if TYPE_CHECKING:
    from cxr.networks.architecture import Network

# An image is far where it lies further than this percentage of the held-out images.
FAR = 95
# The many far images of a folder are told where a folder like the held-out images has as many
# with less than this probability.
ALPHA = 0.01
TOLD = "red"  # the light of a study in which a field tells a class
TRAIN, HELD_OUT = "train", ("validation", "test")
MOST = 2000  # training images, and held-out ones, that the distance is taken from


@dataclass(frozen=True)
class Reference:
    """The images of a network's own cohort.

    Attributes
    ----------
    distance : TrainingDistance
        From the training images, with its validation and test images as held-out ones.
    train_images : int
    """

    distance: TrainingDistance
    train_images: int

    @classmethod
    def of(cls, train: np.ndarray, held_out: np.ndarray) -> "Reference":
        """The reference of the mean outputs of training images and of others, shape (n, d)."""
        return cls(TrainingDistance(train, held_out), len(train))

    @property
    def held_out(self) -> np.ndarray:
        """The distances of the held-out images."""
        return self.distance.held_out

    @classmethod
    def of_cohort(
        cls,
        network: "Network",
        image_size: int,
        split: pd.Series,
        images: np.ndarray,
        seed: int,
        device: str,
    ) -> "Reference":
        """The reference of a cohort; of more than `MOST` images on a side a random sample.

        Parameters
        ----------
        network : Network
        image_size : int
            Side of the network's input.
        split : Series of str, length n
        images : uint8 array, shape (n, h, w)
            Canonical pixels.
        seed : int
            Of the sample.
        device : str
            As of `cxr.networks.device.choose_device`.
        """
        return cls.of(*cohort_outputs(network, image_size, split, images, seed, device))

    def with_distances(self, predictions: pd.DataFrame, outputs: np.ndarray) -> pd.DataFrame:
        """The predictions with `distance` and `distance_percentile` of each image."""
        distances = self.distance.of(outputs)
        among = percentiles(distances, self.held_out).round(2)
        return predictions.assign(distance=distances.round(4), distance_percentile=among)


def cohort_outputs(
    network: "Network",
    image_size: int,
    split: pd.Series,
    images: np.ndarray,
    seed: int,
    device: str,
) -> tuple[np.ndarray, np.ndarray]:
    """The mean outputs of training images and of held-out ones, as `Reference.of_cohort` has them.

    Returns
    -------
    pair of float32 arrays, of shapes (n, width) and (m, width)
    """
    rng = np.random.default_rng(seed)
    sides = []
    for names in ((TRAIN,), HELD_OUT):
        rows = np.flatnonzero(split.isin(names))
        chosen = np.sort(rng.choice(rows, min(MOST, len(rows)), replace=False))
        sides.append(mean_outputs(network, images[chosen], image_size, device=device))
    return sides[0], sides[1]


def prediction_summary(
    predictions: pd.DataFrame,
    n_rejected: int,
    reference: Reference,
    verdict: Mapping[str, Any] | None,
) -> dict[str, Any]:
    """What holds for a folder of predicted images as a whole.

    Parameters
    ----------
    predictions : DataFrame
        As `Reference.with_distances` makes it.
    n_rejected : int
        Files that could not be used.
    reference : Reference
    verdict : mapping or None
        As `cxr.evaluation.confounding.confounding_verdict` makes it, None where the study has
        none yet.

    Returns
    -------
    dict
        `images, rejected`; `distance`: `train_images, held_out_images, far_percentile, far_images`
        and `p`, the probability of as many far images in a folder like the held-out ones;
        `confounding`, the verdict; `lines`, what a user should know, in sentences.
    """
    n, m = len(predictions), len(reference.held_out)
    far = int((predictions["distance_percentile"] > FAR).sum())
    p = _far_probability(far, n, m)
    lines = []
    if verdict is None:
        lines.append(
            "Whether the classes can be told from the source of the training images is not "
            "assessed yet: run the study."
        )
    elif verdict["light"] == TOLD:
        lines.append(f"Of the training images: {verdict['sentence']}")
    if p is not None and p < ALPHA:
        lines.append(
            f"{far} of {n} images lie further from the training images than {FAR}% of the held-out "
            f"images, where {100 - FAR}% are expected: the network was not trained "
            f"on images like these, and its answers may mean nothing here."
        )
    return {
        "images": n,
        "rejected": n_rejected,
        "distance": {
            "train_images": reference.train_images,
            "held_out_images": m,
            "far_percentile": FAR,
            "far_images": far,
            "p": p,
        },
        "confounding": dict(verdict) if verdict is not None else None,
        "lines": lines,
    }


def _far_probability(far: int, n: int, held_out: int) -> float | None:
    """The probability that at least `far` of n images are far, were they like the held-out ones.

    Far images lie beyond one of the held-out distances in their order. Where all images are
    exchangeable, how many do is beta-binomial, whatever the distribution of the distances.
    """
    from scipy.stats import betabinom

    if not n or not held_out:
        return None
    rank = held_out * FAR // 100 + 1
    return float(betabinom.sf(far - 1, n, held_out + 1 - rank, rank))
