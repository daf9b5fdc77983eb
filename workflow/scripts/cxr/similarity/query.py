"""The images that are most similar to a new one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd

from cxr.config.catalogue.fields import own_fields
from cxr.core.errors import InputError
from cxr.core.io import read_csv
from cxr.features.backbone import extract_backbone_features, pretrained_backbone
from cxr.features.encoders.encode import encode_files
from cxr.features.encoders.load import load_encoder
from cxr.features.extract import extract_features
from cxr.features.index import Index
from cxr.features.tables import feature_matrix
from cxr.images.canonical import Square, canonical
from cxr.images.decode import UnusableImage, read_grey
from cxr.images.formats import NAMES
from cxr.images.hiding import Box, hide
from cxr.images.text import text_places
from cxr.networks.device import choose_device
from cxr.networks.weights import load_model
from cxr.similarity.neighbours import neighbours_table
from cxr.similarity.space import Metric, distances, metric_centre, to_points

# Recorded fields that the table of neighbours has, before a study's own.
NEIGHBOUR_FIELDS = ("class", "country", "view", "severity_extent", "doi")


@dataclass(frozen=True)
class QuerySettings:
    """How a new image is searched for.

    Attributes
    ----------
    image_size : int
        Side of a canonical image, pixels.
    square : Square
    hide_text : bool
        Whether burned-in text is painted over.
    device : str
        As of `cxr.networks.device.choose_device`.
    space : "trained", "backbone" or "encoder"
        Whose features are searched: the study's network, one with ImageNet weights, or an
        encoder that others trained.
    backbone : str or None
        The architecture of the second.
    encoder : mapping or None
        The settings of the third, as of `cxr.features.encoders.load.load_encoder`.
    k : int
    classes : tuple of str
    """

    image_size: int
    square: Square
    hide_text: bool
    device: str
    space: Literal["trained", "backbone", "encoder"]
    backbone: str | None
    encoder: Mapping[str, Any] | None
    k: int
    classes: tuple[str, ...]


@dataclass(frozen=True)
class Query:
    """A new image.

    Attributes
    ----------
    path : Path
    canonical : uint8 array, shape (1, size, size)
        Made as the images of the cohort were.
    hidden : sequence of boxes
        What is painted over in it.
    """

    path: Path
    canonical: np.ndarray
    hidden: Sequence[Box]


def read_query(path: str | Path, size: int, square: Square, hide_text: bool = False) -> Query:
    """A new image from its file.

    Raises
    ------
    InputError
        If the file can't be used.
    """
    try:
        grey = read_grey(Path(path))
    except UnusableImage as error:
        raise _unusable(path, str(error)) from error
    hidden = text_places(hide_text)(grey)
    return Query(Path(path), canonical(hide(grey, hidden), size, square)[None], hidden)


def _unusable(path: str | Path, reason: str) -> InputError:
    return InputError(
        f"config key 'query': {path} can't be used: {reason}; name an image as {NAMES}"
    )


def query_features(
    query: Query, settings: QuerySettings, weights: str | Path, model: str | Path
) -> np.ndarray:
    """The features of a new image by the network whose features are searched.

    Parameters
    ----------
    query : Query
    settings : QuerySettings
    weights : path
        Of the network; the folder of an encoder.
    model : path
        The card of a network that was trained in the study.

    Returns
    -------
    float array, shape (1, d)

    Raises
    ------
    InputError
        If an encoder can't use the image.
    """
    if settings.space == "encoder":
        return _encoded(query, settings, Path(weights))
    image = query.canonical
    if settings.space == "backbone":
        assert settings.backbone is not None
        backbone = pretrained_backbone(settings.backbone, weights)
        return extract_backbone_features(backbone, image, device=settings.device)
    network, card = load_model(weights, model)
    return extract_features(network, image, card["image_size"], device=settings.device)[0]


def _encoded(query: Query, settings: QuerySettings, folder: Path) -> np.ndarray:
    """The features of a new image by an encoder, from the original file."""
    assert settings.encoder is not None
    encoded = encode_files(
        load_encoder(settings.encoder, folder),
        [query.path],
        batch_size=1,
        device=choose_device(settings.device),
        threads=1,
        hidden=[query.hidden],
    )
    for _, reason in encoded.failures:
        raise _unusable(query.path, reason)
    return encoded.features


def nearest_images(
    name: str,
    features: np.ndarray,
    index: Index,
    indexed: pd.DataFrame,
    records: pd.DataFrame,
    metric: Metric,
    k: int,
) -> pd.DataFrame:
    """The nearest images of one that is new.

    Parameters
    ----------
    name : str
        Of the new image.
    features : float array, shape (1, d)
    index : Index
        Of n images.
    indexed : DataFrame, n rows
        `image_id` and features of the images, in the order of the index.
    records : DataFrame
        Indexed by image_id: `NEIGHBOUR_FIELDS`, and own fields.
    metric : Metric
    k : int

    Returns
    -------
    DataFrame
        query_id, rank, neighbour_id, distance, `NEIGHBOUR_FIELDS` and own fields, nearest first.

    Raises
    ------
    InputError
        If its features have no direction, or the index holds other images.
    """
    if len(index) != len(indexed):
        raise InputError(
            f"the index holds {len(index)} images and the features {len(indexed)}; run "
            f"find_similar again"
        )
    if not len(indexed):
        raise InputError("the study has no image that a new one could be similar to")
    features = features.astype(np.float64) - metric_centre(feature_matrix(indexed), metric)
    if not np.isfinite(features).all() or (metric != "euclidean" and not features.any()):
        raise InputError(
            f"config key 'query': the network sees nothing in {name}: all of its features are 0 or "
            f"not finite; is it an image like the study's?"
        )
    point = to_points(features, metric)
    rows = index.find(point, k)
    apart = distances(point, index.points(np.maximum(rows, 0)), metric)
    apart[rows < 0] = np.inf
    order = np.argsort(apart, axis=1, kind="stable")
    rows, apart = (np.take_along_axis(a, order, axis=1) for a in (rows, apart))
    ids = indexed["image_id"].to_numpy(dtype=np.str_)
    table = neighbours_table([name], ids, rows, apart).to_pandas()
    names = [*NEIGHBOUR_FIELDS, *own_fields(records.columns)]
    fields = records.loc[table["neighbour_id"], names].reset_index(drop=True)
    return pd.concat([table, fields], axis=1)


def indexed_features(features: pd.DataFrame, rejected: str | Path) -> pd.DataFrame:
    """The features of the images that an index holds, in its order.

    Parameters
    ----------
    features : DataFrame
        `image_id`, and the features.
    rejected : path
        The images that it leaves out, as `find_similar` lists them.
    """
    return features[~features["image_id"].isin(read_csv(rejected)["image_id"])]
