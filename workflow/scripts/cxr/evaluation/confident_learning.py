"""Labels that a network's held-out probabilities speak against.

C. G. Northcutt, L. Jiang, I. L. Chuang, "Confident learning: estimating uncertainty in
dataset labels", Journal of Artificial Intelligence Research 70, 2021. The authors' own
software is under the AGPL; this is written from the paper.
"""

import numpy as np


def thresholds(labels: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
    """The mean self-confidence of each class: of its images, the mean probability of it.

    Parameters
    ----------
    labels : int array, shape (n,)
    probabilities : float array, shape (n, c)
        Of images that the network was not trained on.

    Returns
    -------
    float array, shape (c,)
        Infinite for a class without images, which no image can then be counted to.
    """
    return np.array(
        [
            probabilities[labels == k, k].mean() if (labels == k).any() else np.inf
            for k in range(probabilities.shape[1])
        ]
    )


def confident_classes(labels: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
    """The class that each image is counted to in the confident joint, -1 for none.

    It is the most probable of the classes whose probability reaches their threshold
    (equation 1 of the paper); where the label is as probable, the label.

    Parameters
    ----------
    labels, probabilities
        As of `thresholds`.

    Returns
    -------
    int array, shape (n,)
    """
    reached = probabilities >= thresholds(labels, probabilities)
    candidates = np.where(reached, probabilities, -np.inf)
    highest = candidates.max(axis=1)
    is_label = candidates[np.arange(len(labels)), labels] == highest
    best = np.where(is_label, labels, candidates.argmax(axis=1))
    return np.where(reached.any(axis=1), best, -1)


def label_errors(labels: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
    """The class that each image is suspected to be of, -1 where its label stands.

    The images off the diagonal of the confident joint.

    Parameters
    ----------
    labels, probabilities
        As of `thresholds`.

    Returns
    -------
    int array, shape (n,)
    """
    classes = confident_classes(labels, probabilities)
    return np.where(classes == labels, -1, classes)


def label_suspicion(labels: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
    """How much the probabilities speak against each label, from 0 to 1.

    The normalised margin of the paper, the probability of the label less the highest of
    the other classes, mapped from 1 to -1 onto 0 to 1: above 0.5 another class is more
    probable than the label.

    Parameters
    ----------
    labels, probabilities
        As of `thresholds`.

    Returns
    -------
    float array, shape (n,)
    """
    rows = np.arange(len(labels))
    others = probabilities.copy()
    others[rows, labels] = -np.inf
    return (1 - (probabilities[rows, labels] - others.max(axis=1))) / 2
