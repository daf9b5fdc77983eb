"""Lungs that people outlined, from the torchxrayvision wheel, beside the mirror's images.

The outlines are those of V7 Labs and CloudFactory (CC BY 4.0,
https://github.com/v7labs/covid-19-xray-dataset); lungs go on behind the heart in them.
"""

import hashlib
import io
import zipfile
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path, PurePosixPath

import numpy as np
import pandas as pd
from PIL import Image

from cxr.images.canonical import canonical, squared
from cxr.images.decode import read_grey
from cxr.images.lung_network import MEMBERS

ARCHIVE = "data/semantic_masks_v7labs_lungs.zip"
VIEWS = ("PA", "AP", "AP Supine")
# Greatest difference of the sides' ratios: some outlines are of another cut of the image.
STRETCH = 0.02


@dataclass(frozen=True)
class OutlinedLungs:
    """Radiographs and their lungs as people outlined them.

    Attributes
    ----------
    files : list of str
    images : uint8 array, shape (n, size, size)
        Canonical pixels.
    masks : bool array, shape (n, size, size)
    folds : int array, shape (n,)
        The network that saw no image of the patient, see `fold_of`.
    patients : array of n str
    aspects : float array, shape (n,)
        Width of the whole image by its height.
    """

    files: list[str]
    images: np.ndarray
    masks: np.ndarray
    folds: np.ndarray
    patients: np.ndarray
    aspects: np.ndarray


def fold_of(patient):
    """The network that no image of a patient is learned by, from 0."""
    return int(hashlib.sha256(str(patient).encode()).hexdigest(), 16) % MEMBERS


def outlined_lungs(mirror, size=128, square="crop"):
    """All frontal radiographs of the mirror that the wheel has lungs of."""
    folder = mirror / "covid-chestxray-dataset"
    table = pd.read_csv(folder / "metadata.csv", dtype={"patientid": str})
    frontal = table.loc[table["modality"].eq("X-ray") & table["view"].isin(VIEWS)]
    rows = frontal.drop_duplicates("filename").sort_values("filename")
    (wheel,) = find_spec("torchxrayvision").submodule_search_locations
    found = []
    with zipfile.ZipFile(Path(wheel) / ARCHIVE) as archive:
        members = {PurePosixPath(name).name: name for name in archive.namelist()}
        for file, patient in zip(rows["filename"], rows["patientid"], strict=True):
            path = folder / "images" / file
            if file not in members or not path.is_file():
                continue
            with Image.open(io.BytesIO(archive.read(members[file]))) as picture:
                lungs = picture.convert("L").point(lambda value: 255 * (value > 0))
            grey = read_grey(path)
            aspect = grey.shape[1] / grey.shape[0]
            if not lungs.getbbox() or abs(aspect * lungs.height / lungs.width - 1) > STRETCH:
                continue
            mask = np.asarray(squared(lungs, size, square)) > 127
            found.append((file, canonical(grey, size, square), mask, str(patient), aspect))
    files, images, masks, patients, aspects = zip(*found, strict=True)
    folds = np.array([fold_of(patient) for patient in patients])
    return OutlinedLungs(
        list(files), np.stack(images), np.stack(masks), folds, np.array(patients), np.array(aspects)
    )


def dice(masks, others):
    """Twice what two masks have in common by the sum of their areas, float of shape (n,)."""
    common = (masks & others).sum(axis=(1, 2))
    return 2 * common / (masks.sum(axis=(1, 2)) + others.sum(axis=(1, 2)))
