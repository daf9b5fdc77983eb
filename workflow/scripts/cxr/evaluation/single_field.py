"""A classifier that sees one recorded field."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

MIN_LEAF = 5  # training images of the smallest group of values that an answer rests on


def predict_from_field(
    train: pd.Series,
    labels: np.ndarray,
    others: pd.Series,
    classes: Sequence[str],
    seed: int,
) -> np.ndarray:
    """The probabilities of the classes given one field, by a decision tree.

    A value of text, and that nothing is recorded, is a column of its own; numbers are
    divided at thresholds. Classes count alike, whatever their sizes.

    Parameters
    ----------
    train, others : Series
        The field of the training images and of those that are predicted; null where not
        recorded.
    labels : array of str, shape (len(train),)
    classes : sequence of str, length c
    seed : int

    Returns
    -------
    float array, shape (len(others), c)
        0 for a class that no training image has.
    """
    from sklearn.preprocessing import OneHotEncoder
    from sklearn.tree import DecisionTreeClassifier

    if pd.api.types.is_numeric_dtype(train):
        inputs = [
            np.column_stack([values.astype("float64").fillna(0), values.isna()])
            for values in (train, others)
        ]
    else:
        columns = [values.astype("object").fillna("").astype("str") for values in (train, others)]
        texts = [values.to_numpy()[:, None] for values in columns]
        encoder = OneHotEncoder(handle_unknown="ignore").fit(texts[0])
        inputs = [encoder.transform(values) for values in texts]
    tree = DecisionTreeClassifier(
        class_weight="balanced", min_samples_leaf=MIN_LEAF, random_state=seed
    )
    found = tree.fit(inputs[0], labels)
    probabilities = pd.DataFrame(found.predict_proba(inputs[1]), columns=found.classes_)
    return probabilities.reindex(columns=list(classes), fill_value=0).to_numpy()
