"""The galleries of the page: examples of each cluster and of each class, with their pictures."""

from typing import Any

import numpy as np
import pandas as pd

from cxr.explorer.distinction import distinguishing_fields
from cxr.explorer.examples import class_examples, cluster_examples
from cxr.explorer.thumbnails import sheets


def pack_galleries(
    clusters: pd.DataFrame,
    fields: pd.DataFrame,
    associations: pd.DataFrame | None,
    predictions: pd.DataFrame | None,
    alpha: float | None,
) -> dict[str, Any]:
    """The galleries of one model, without their pictures.

    Parameters
    ----------
    clusters : DataFrame, n rows
        `image_id, x, y, cluster`.
    fields : DataFrame, n rows
        Recorded fields of the images.
    associations : DataFrame, optional
        The fields' associations with the clusters, where they were tested.
    predictions : DataFrame, optional
        Of a network.
    alpha : float, optional
        False discovery rate of those associations; with them.

    Returns
    -------
    dict
        `clusters`, as `cluster_examples` has them with their `words`, `classes`, as
        `class_examples` has them, and `alpha`, null where no association was tested.
    """
    labels = clusters["cluster"].to_numpy()
    examples = cluster_examples(clusters[["x", "y"]].to_numpy(), labels)
    for example in examples:
        example["words"] = []
    if associations is not None and alpha is not None:
        for example, words in zip(
            examples, distinguishing_fields(labels, fields, associations, alpha), strict=True
        ):
            example["words"] = words
    classes = [] if predictions is None else class_examples(predictions)
    tested = None if associations is None else alpha
    return {"clusters": examples, "classes": classes, "alpha": tested}


def gallery_thumbnails(
    galleries: dict[str, Any], cohort: pd.DataFrame, images: np.ndarray
) -> dict[str, Any]:
    """Thumbnails of the classes' images, most of which are on no map.

    Parameters
    ----------
    galleries : dict
        As from `pack_galleries`.
    cohort : DataFrame, n rows
        `image_id`.
    images : uint8 array, shape (n, side, side)
        Canonical images, in the order of the cohort.
    """
    shown = {
        entry["id"]
        for of_class in galleries["classes"]
        for kind in ("correct", "incorrect")
        for entry in of_class[kind]
    }
    image_ids = sorted(shown)
    rows = pd.Series(np.arange(len(cohort)), index=cohort["image_id"]).loc[image_ids]
    return {"image_ids": image_ids, **sheets(images, rows.tolist())}
