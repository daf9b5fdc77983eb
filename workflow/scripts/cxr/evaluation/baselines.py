"""What a classifier can tell without looking at lungs: shortcuts, measured like the networks.

Each is a simple classifier on a few numbers of an image. Where a shortcut does as
well as a network, the network need not have learned more. `lungs only` and
`average pool` are no shortcuts, but what a network should beat.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from cxr.cohort.protocols import part_cohort
from cxr.features.tables import predictions_table
from cxr.images.canonical import flatten, shrink
from cxr.images.decode import format_of_name
from cxr.images.lungs import MODALITY, border_mask, lung_masks

TREES = 300
THUMBNAIL, SMALL, POOLED = 8, 32, 20
DESCRIPTIONS = {
    "shape": "width, height and aspect of the file, random forest",
    "shape and colour": "the same and the channels: grey, colour, transparency, random forest",
    "shape and format": "the same, the file's format and the one of its name, random forest",
    "thumbnail": f"{THUMBNAIL} x {THUMBNAIL} pixels, random forest",
    "border": "only the strip at the edges, random forest",
    "lungs covered": f"the lungs blackened, {SMALL} x {SMALL} pixels, random forest",
    "lungs only": f"all but the lungs blackened, {SMALL} x {SMALL} pixels, random forest",
    "average pool": f"averages of {POOLED} x {POOLED} fields and one dense layer, as in 2020",
}
# Those that see next to nothing of the lungs.
SHORTCUTS = (
    "shape",
    "shape and colour",
    "shape and format",
    "thumbnail",
    "border",
    "lungs covered",
)


def baseline_inputs(
    cohort: pd.DataFrame, files: pd.DataFrame, images: np.ndarray, modality: str = MODALITY
) -> dict[str, np.ndarray]:
    """What each baseline sees of the images.

    Parameters
    ----------
    cohort : DataFrame, n rows
        With `image_id`.
    files : DataFrame
        `image_id, file, width, height, format, bands`.
    images : uint8 array, shape (n, size, size)
        Canonical pixels.
    modality : str
        The rule that finds lungs is for radiographs; of another modality the
        baselines with lungs are left out.

    Returns
    -------
    dict of float32 arrays, shape (n, d)
        By the names of `DESCRIPTIONS`.
    """
    of = files.set_index("image_id").loc[cohort["image_id"]]
    width, height = (of[name].to_numpy(dtype=np.float32) for name in ("width", "height"))
    shape = np.stack([width, height, width / height], axis=1)
    colour = of["bands"].to_numpy(dtype=np.float32)[:, None]
    named = of["file"].map(format_of_name)
    formats = pd.get_dummies(pd.DataFrame({"is": of["format"], "named": named}), dtype=np.float32)
    border = border_mask(SMALL)
    small = shrink(images, SMALL)
    seen = {
        "shape": shape,
        "shape and colour": np.hstack([shape, colour]),
        "shape and format": np.hstack([shape, colour, formats.to_numpy()]),
        "thumbnail": flatten(shrink(images, THUMBNAIL)),
        "border": small[:, border].astype(np.float32),
    }
    if modality == MODALITY:
        lungs, _ = lung_masks(images)
        for name, shown in (("lungs covered", ~lungs), ("lungs only", lungs)):
            seen[name] = flatten(shrink(np.where(shown, images, 0).astype(np.uint8), SMALL))
    return {**seen, "average pool": flatten(shrink(images, POOLED)) / 255}


def predict_baselines(
    cohort: pd.DataFrame,
    folds: pd.DataFrame,
    seen: Mapping[str, np.ndarray],
    classes: list[str],
    seed: int,
) -> pd.DataFrame:
    """The predictions of every baseline on every part, as `train_part` writes a network's.

    Returns
    -------
    DataFrame
        baseline, image_id, class, split, predicted, a probability a class, part, protocol.
    """
    tables = []
    for (part, protocol), _ in folds.groupby(["part", "protocol"], sort=True):
        divided = part_cohort(cohort, folds, str(part))
        train = (divided["split"] == "train").to_numpy()
        for name, numbers in seen.items():
            probabilities = _classify(
                name, numbers[train], divided["class"].to_numpy()[train], numbers[~train], seed
            )
            table = predictions_table(divided[~train], probabilities, classes)
            tables.append(table.assign(part=part, protocol=protocol, baseline=name))
    return pd.concat(tables, ignore_index=True)


def _classify(
    name: str, train: np.ndarray, labels: np.ndarray, rest: np.ndarray, seed: int
) -> np.ndarray:
    """Probabilities of the classes in alphabetical order, shape (m, c)."""
    model: Any
    if name == "average pool":
        from sklearn.linear_model import LogisticRegression

        model = LogisticRegression(C=1.0, max_iter=2000, class_weight="balanced")
    else:
        from sklearn.ensemble import RandomForestClassifier

        model = RandomForestClassifier(
            TREES, class_weight="balanced", random_state=seed, min_samples_leaf=2
        )
    return model.fit(train, labels).predict_proba(rest)
