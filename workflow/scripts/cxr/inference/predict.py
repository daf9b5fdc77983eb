"""New images: their classes, features and Grad-CAM, one bad file at a time."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from PIL import Image

from cxr.core.errors import InputError
from cxr.core.parallel import in_threads
from cxr.evaluation.gradcam import grad_cam, overlay, predicted_codes
from cxr.evaluation.predict import predict_images
from cxr.features.tables import features_table
from cxr.images.canonical import canonical
from cxr.images.decode import UnusableImage, decoded, to_grey
from cxr.networks.architecture import Network

REJECTED = ("file", "reason")


@dataclass(frozen=True)
class FolderPrediction:
    """A network's results for a folder of images.

    Attributes
    ----------
    predictions : DataFrame
        file, overlay (name of its picture), predicted, a probability a class; of a
        network with tags also `label_<name>`.
    features : DataFrame
        file and a float32 column a unit.
    rejected : DataFrame
        file, reason.
    images : uint8 array, shape (n, size, size)
        The canonical pixels, in the order of `predictions`.
    cams : float32 array, shape (n, size, size)
        Grad-CAM of the predicted class.
    """

    predictions: pd.DataFrame
    features: pd.DataFrame
    rejected: pd.DataFrame
    images: np.ndarray
    cams: np.ndarray


def list_images(folder: Path) -> list[str]:
    """The files below a folder by relative path, sorted; hidden ones and links out are not listed.

    Raises
    ------
    InputError
        If there is no such folder or no file in it.
    """
    if not folder.is_dir():
        raise InputError(f"config key 'images': there is no folder {folder}; name one with images")
    inside = folder.resolve()
    files = sorted(
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.is_file()
        and path.resolve().is_relative_to(inside)
        and not any(part.startswith(".") for part in path.relative_to(folder).parts)
    )
    if not files:
        raise InputError(f"config key 'images': the folder {folder} holds no file; add images")
    return files


def predict_folder(
    network: Network, card: Mapping[str, Any], folder: Path, threads: int
) -> FolderPrediction:
    """Reads every file below a folder and runs the network on those that are images.

    Images are made canonical as in training; what can't be read is listed with its
    reason.

    Parameters
    ----------
    network : Network
    card : mapping
        The model's card.
    folder : Path
    threads : int
        Images decoded at a time.

    Raises
    ------
    InputError
        If there is no file.
    """

    def read(file: str) -> np.ndarray | str:
        try:
            with decoded(folder / file) as image:
                return canonical(to_grey(image), card["cache_size"], card["square"])
        except UnusableImage as error:
            return str(error)

    files = list_images(folder)
    read_files = dict(zip(files, in_threads(read, files, threads), strict=True))
    pixels = {file: image for file, image in read_files.items() if not isinstance(image, str)}
    rejected = [(file, reason) for file, reason in read_files.items() if isinstance(reason, str)]
    size = card["cache_size"]
    images = np.zeros((len(pixels), size, size), dtype=np.uint8)
    for i, image in enumerate(pixels.values()):
        images[i] = image
    rows = pd.DataFrame({"image_id": list(pixels), "class": "", "split": ""})
    classes, tags = card["classes"], card.get("tags", [])
    labels = [*classes, *tags] if tags else []
    predictions, features = predict_images(
        network, rows, images, card["image_size"], classes, labels
    )
    cams = grad_cam(network, images, card["image_size"], predicted_codes(predictions, classes))
    predictions = _by_file(predictions)
    predictions.insert(1, "overlay", [overlay_name(i, file) for i, file in enumerate(pixels)])
    return FolderPrediction(
        predictions,
        _by_file(features_table(rows, features)),
        pd.DataFrame(rejected, columns=list(REJECTED)),
        images,
        cams,
    )


def _by_file(table: pd.DataFrame) -> pd.DataFrame:
    """A table of new images, which have a file and neither class nor split."""
    return table.drop(columns=["class", "split"]).rename(columns={"image_id": "file"})


def save_overlays(prediction: FolderPrediction, folder: Path) -> None:
    """Writes each image with its Grad-CAM as a PNG under its `overlay` name."""
    folder.mkdir(parents=True, exist_ok=True)
    names = prediction.predictions["overlay"]
    for name, image, cam in zip(names, prediction.images, prediction.cams, strict=True):
        Image.fromarray(overlay(image, cam)).save(folder / name)


def overlay_name(position: int, file: str) -> str:
    """The name of an image's picture: numbered, of letters, digits, `.`, `_` and `-` alone."""
    return f"{position + 1:05d}_{re.sub(r'[^A-Za-z0-9._-]+', '-', Path(file).stem)[:60]}.png"
