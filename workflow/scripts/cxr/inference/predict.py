"""New images: their classes, features and Grad-CAM, one bad file at a time."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from PIL import Image

from cxr.core.errors import InputError
from cxr.core.parallel import in_threads
from cxr.evaluation.gradcam import grad_cam, overlay, predicted_codes
from cxr.evaluation.predict import predict_images
from cxr.features.extract import mean_outputs
from cxr.features.tables import features_table
from cxr.images.canonical import canonical
from cxr.images.decode import UnusableImage, decoded, to_grey
from cxr.images.text import text_hider
from cxr.networks.architecture import Network

REJECTED = ("file", "reason")


# Images whose pixels and maps are held at a time: a multiple of the batches'.
BLOCK = 512


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
    outputs : float32 array, shape (n, width)
        The mean outputs of the convolutions.
    """

    predictions: pd.DataFrame
    features: pd.DataFrame
    rejected: pd.DataFrame
    outputs: np.ndarray


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
    network: Network,
    card: Mapping[str, Any],
    folder: Path,
    overlays: Path,
    threads: int,
    device: str = "auto",
) -> FolderPrediction:
    """Reads every file below a folder and runs the network on those that are images.

    Images are made canonical as in training; what can't be read is listed with its
    reason. `BLOCK` images are in memory at a time, and while the network computes on them
    the next ones are read.

    Parameters
    ----------
    network : Network
    card : mapping
        The model's card.
    folder : Path
    overlays : Path
        The folder for a PNG of each image with the Grad-CAM of its class.
    threads : int
        Images that are decoded, or drawn, at a time.
    device : str
        As of `cxr.networks.device.choose_device`.

    Raises
    ------
    InputError
        If there is no file.
    """
    rejected: list[tuple[str, str]] = []
    left = _usable_images(folder, list_images(folder), card, threads, rejected)
    overlays.mkdir(parents=True, exist_ok=True)
    none = np.zeros((0, card["cache_size"], card["cache_size"]), np.uint8)
    save = partial(_save_overlays, overlays, threads)
    tables = [_predict_block(network, card, [], none, save, 0, device)]
    outputs, done = [], 0
    while block := list(islice(left, BLOCK)):
        names, images = zip(*block, strict=True)
        block_images = np.stack(images)
        tables.append(_predict_block(network, card, names, block_images, save, done, device))
        outputs.append(mean_outputs(network, block_images, card["image_size"], device=device))
        done += len(names)
    predictions, features = (
        pd.concat(some, ignore_index=True) for some in zip(*tables, strict=True)
    )
    unusable = pd.DataFrame(rejected, columns=list(REJECTED))
    found = np.concatenate(outputs) if outputs else np.zeros((0, 0), np.float32)
    return FolderPrediction(predictions, features, unusable, found)


def _usable_images(
    folder: Path,
    files: Sequence[str],
    card: Mapping[str, Any],
    threads: int,
    rejected: list[tuple[str, str]],
) -> Iterator[tuple[str, np.ndarray]]:
    """The file and canonical pixels of each image; `rejected` gets the others, with the reason."""
    hidden = text_hider(card.get("hide_text", False))

    def read(file: str) -> np.ndarray | str:
        try:
            with decoded(folder / file) as image:
                return canonical(hidden(to_grey(image)), card["cache_size"], card["square"])
        except UnusableImage as error:
            return str(error)

    for file, image in zip(files, in_threads(read, files, threads), strict=True):
        if isinstance(image, str):
            rejected.append((file, image))
        else:
            yield file, image


def _predict_block(
    network: Network,
    card: Mapping[str, Any],
    files: Sequence[str],
    images: np.ndarray,
    save: Callable[[Sequence[str], np.ndarray, np.ndarray], None],
    done: int,
    device: str,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Predictions and features of some images, after `done` others; saves their overlays."""
    rows = pd.DataFrame({"image_id": list(files), "class": "", "split": ""})
    classes, tags = card["classes"], card.get("tags", [])
    labels = [*classes, *tags] if tags else []
    predictions, features = predict_images(
        network, rows, images, card["image_size"], classes, labels, device
    )
    codes = predicted_codes(predictions, classes)
    cams = grad_cam(network, images, card["image_size"], codes, device=device)
    names = [overlay_name(done + i, file) for i, file in enumerate(files)]
    save(names, images, cams)
    predictions = _by_file(predictions)
    predictions.insert(1, "overlay", names)
    return predictions, _by_file(features_table(rows, features))


def _save_overlays(
    folder: Path, threads: int, names: Sequence[str], images: np.ndarray, cams: np.ndarray
) -> None:
    """A PNG of each image with its Grad-CAM, several at a time."""

    def save(name: str, image: np.ndarray, cam: np.ndarray) -> None:
        Image.fromarray(overlay(image, cam)).save(folder / name)

    with ThreadPoolExecutor(max(1, threads)) as pool:
        list(pool.map(save, names, images, cams))


def _by_file(table: pd.DataFrame) -> pd.DataFrame:
    """A table of new images, which have a file and neither class nor split."""
    return table.drop(columns=["class", "split"]).rename(columns={"image_id": "file"})


def overlay_name(position: int, file: str) -> str:
    """The name of an image's picture: numbered, of letters, digits, `.`, `_` and `-` alone."""
    return f"{position + 1:05d}_{re.sub(r'[^A-Za-z0-9._-]+', '-', Path(file).stem)[:60]}.png"
