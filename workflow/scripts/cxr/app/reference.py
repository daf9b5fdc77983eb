"""The study's images as the page has them: where they lie, how they look, how far others are."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from cxr.app.distance import compact_distance
from cxr.app.settings import AppSettings
from cxr.explorer.packing import pack, pack_counts, pack_texts
from cxr.explorer.thumbnails import sheets
from cxr.features.tables import feature_matrix
from cxr.inference.summary import FAR, cohort_outputs
from cxr.networks.architecture import Network
from cxr.similarity.space import metric_centre, to_points

# Images that a page has; of more a random sample.
MOST_IMAGES = 3000


def study_images(
    cohort: pd.DataFrame,
    images: np.ndarray,
    features: pd.DataFrame,
    clusters: pd.DataFrame | None,
    settings: AppSettings,
) -> dict[str, Any]:
    """The images of a cohort among which similar ones are searched, and the map of them.

    Parameters
    ----------
    cohort : DataFrame, n rows
        `image_id, class, split, source`.
    images : uint8 array, shape (n, h, w)
    features : DataFrame, n rows
        `image_id` and a column a unit, in the order of the cohort.
    clusters : DataFrame or None
        `image_id, x, y, cluster` of the images on the map.
    settings : AppSettings

    Returns
    -------
    dict
        `image_ids`, and packed `classes`, `sources`, `splits`; `space`: `metric, centre` and
        `points`; `thumbnails`; `map`: of the images on it their `rows` here, `x, y, clusters`,
        null without one; `sampled`, the cohort's number of images where only a sample is here.
    """
    values = feature_matrix(features)
    centre = metric_centre(values[np.isfinite(values).all(axis=1)], settings.metric)
    centred = values - centre
    usable = np.isfinite(centred).all(axis=1)
    if settings.metric != "euclidean":
        usable &= centred.any(axis=1)
    rows = np.flatnonzero(usable)
    if len(rows) > MOST_IMAGES:
        rng = np.random.default_rng(settings.seed)
        rows = np.sort(rng.choice(rows, MOST_IMAGES, replace=False))
    chosen = cohort.iloc[rows].reset_index(drop=True)
    points = to_points(centred[rows], settings.metric)
    return {
        "image_ids": chosen["image_id"].tolist(),
        **{
            name: pack_texts(chosen[column].astype("str"), ordered=True)
            for name, column in (("classes", "class"), ("sources", "source"), ("splits", "split"))
        },
        "space": {
            "metric": settings.metric,
            "k": settings.k,
            "centre": pack(centre.astype(np.float32)),
            "points": pack(points),
        },
        "thumbnails": {"image_ids": chosen["image_id"].tolist(), **sheets(images, rows.tolist())},
        "map": None if clusters is None else _map(clusters, chosen["image_id"]),
        "sampled": len(cohort) if len(rows) == MOST_IMAGES < len(cohort) else None,
    }


def _map(clusters: pd.DataFrame, image_ids: pd.Series) -> dict[str, Any] | None:
    """The places of those images that are on the map."""
    places = clusters.set_index("image_id").reindex(image_ids)
    on_map = places["x"].notna().to_numpy()
    if not on_map.any():
        return None
    found = places[on_map]
    return {
        "rows": pack_counts(np.flatnonzero(on_map)),
        "x": pack(found["x"].to_numpy(np.float32)),
        "y": pack(found["y"].to_numpy(np.float32)),
        "clusters": pack_counts(found["cluster"].to_numpy(np.int64)),
    }


def training_distance(
    network: Network,
    card: Mapping[str, Any],
    cohort: pd.DataFrame,
    images: np.ndarray,
    settings: AppSettings,
) -> dict[str, Any]:
    """The distance from the training images, packed, and its limit.

    Returns
    -------
    dict
        As `compact_distance` makes it, with `train_images` and `far`, the percentage of held-out
        images beyond which an image is far.
    """
    size, seed, device = card["image_size"], settings.seed, settings.device
    train, held_out = cohort_outputs(network, size, cohort["split"], images, seed, device)
    found = compact_distance(train, held_out)
    packed = [
        {
            "mean": pack(space["mean"]),
            "directions": pack(space["directions"].view(np.uint16)),
            "gains": pack(space["gains"].astype(np.float32)),
            "floor": space["floor"],
            "scale": space["scale"],
        }
        for space in found["spaces"]
    ]
    return {
        "spaces": packed,
        "held_out": found["held_out"].round(5).tolist(),
        "train_images": len(train),
        "far": FAR,
    }
