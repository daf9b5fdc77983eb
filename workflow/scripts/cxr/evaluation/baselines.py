"""Classifiers that see no lungs: shortcuts, measured like the networks.

Each is a simple classifier on a few numbers of an image. Where a shortcut does as
well as a network, the network need not have learned more. `lungs only` and
`average pool` are no shortcuts, but what a network should beat.
"""

from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Any

import numpy as np
import pandas as pd

from cxr.cohort.protocols import part_cohort
from cxr.config.catalogue.fields import OF_TEXT
from cxr.config.catalogue.projections import find_modality
from cxr.evaluation.predictions import predictions_table
from cxr.images.canonical import flatten, shrink
from cxr.images.decode import format_of_name
from cxr.images.lungs import MODALITY, border_mask, covered, lung_masks
from cxr.images.rows import blocks
from cxr.metadata.fields import own_groups, own_numbers

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
    "burned-in text": "whether there is text, its share and position, random forest",
    "own fields": "the study's own recorded fields, such as the scanner, random forest",
    "average pool": f"averages of {POOLED} x {POOLED} fields and one dense layer, as in 2020",
}
# Baselines that see next to nothing of the lungs.
SHORTCUTS = (
    "shape",
    "shape and colour",
    "shape and format",
    "thumbnail",
    "border",
    "lungs covered",
    "burned-in text",
    "own fields",
)


def baseline_inputs(
    cohort: pd.DataFrame,
    files: pd.DataFrame,
    images: Sequence[np.ndarray],
    modality: str = MODALITY,
    lungs: np.ndarray | None = None,
) -> dict[str, np.ndarray]:
    """The inputs of each baseline.

    Parameters
    ----------
    cohort : DataFrame, n rows
        With `image_id`.
    files : DataFrame
        `image_id, file, width, height, format, bands`, and own fields and those of burned-in
        text where there are any; without a value of any there is no such baseline.
    images : sequence of uint8 arrays, shape (m, size, size)
        Canonical pixels, n in all; read a part at a time.
    modality : str
        Lungs are found on radiographs alone; for another modality the baselines
        with lungs are left out.
    lungs : bool array, shape (n, size, size), optional
        Their masks, where there is one array of images; found where none are given.

    Returns
    -------
    dict of float32 arrays, shape (n, d)
        By the names of `DESCRIPTIONS`.
    """
    rows = files.set_index("image_id").loc[cohort["image_id"]]
    width, height = (rows[name].to_numpy(dtype=np.float32) for name in ("width", "height"))
    shape = np.stack([width, height, width / height], axis=1)
    colour = rows["bands"].to_numpy(dtype=np.float32)[:, None]
    named = rows["file"].map(format_of_name)
    formats = pd.get_dummies(pd.DataFrame({"is": rows["format"], "named": named}), dtype=np.float32)
    pixels = _pixel_inputs(images, find_modality(modality) == MODALITY, lungs)
    pooled = pixels.pop("average pool")
    inputs = {
        "shape": shape,
        "shape and colour": np.hstack([shape, colour]),
        "shape and format": np.hstack([shape, colour, formats.to_numpy()]),
        **pixels,
    }
    of_text = [name for name in OF_TEXT if name in rows]
    for name, fields in (
        ("burned-in text", rows[of_text]),
        ("own fields", rows.drop(columns=of_text)),
    ):
        if columns := _field_inputs(fields):
            inputs[name] = np.column_stack(columns)
    return {**inputs, "average pool": pooled}


def _pixel_inputs(
    images: Sequence[np.ndarray], with_lungs: bool, lungs: np.ndarray | None
) -> dict[str, np.ndarray]:
    """The inputs that are pixels, of all images."""
    border = border_mask(SMALL)
    masks = blocks(lungs) if lungs is not None else None
    found: dict[str, list[np.ndarray]] = {}
    for block in chain.from_iterable(map(blocks, images)):
        part = {
            "thumbnail": flatten(shrink(block, THUMBNAIL)),
            "border": shrink(block, SMALL)[:, border].astype(np.float32),
        }
        if with_lungs:
            inside = lung_masks(block)[0] if masks is None else next(masks)
            part["lungs covered"] = flatten(shrink(covered(block, inside), SMALL))
            part["lungs only"] = flatten(shrink(covered(block, np.logical_not(inside)), SMALL))
        part["average pool"] = flatten(shrink(block, POOLED)) / 255
        for name, values in part.items():
            found.setdefault(name, []).append(values)
    return {name: np.concatenate(values) for name, values in found.items()}


def _field_inputs(rows: pd.DataFrame) -> list[np.ndarray]:
    """Own numbers, 0 where missing, and whether there is one; own texts one-hot, float32."""
    recorded = rows.loc[:, rows.notna().any()]
    columns = []
    for name in own_numbers(recorded):
        columns += [recorded[name].fillna(0), recorded[name].notna()]
    for name in own_groups(recorded):
        columns += [recorded[name] == value for value in sorted(recorded[name].dropna().unique())]
    return [column.to_numpy(dtype=np.float32) for column in columns]


def predict_baselines(
    cohort: pd.DataFrame,
    folds: pd.DataFrame,
    inputs: Mapping[str, np.ndarray],
    classes: list[str],
    seed: int,
) -> pd.DataFrame:
    """The predictions of every baseline on every part, as those of networks.

    Parameters
    ----------
    cohort : DataFrame, n rows
    folds : DataFrame
        As `cxr.cohort.protocols.divide_protocols` makes it.
    inputs : mapping of str to float arrays, shape (n, d)
        As `baseline_inputs` makes them.
    classes : list of str
        In alphabetical order.
    seed : int
        Of the random forests.

    Returns
    -------
    DataFrame
        baseline, image_id, class, split, predicted, a probability a class, part, protocol.
    """
    tables = []
    for (part, protocol), _ in folds.groupby(["part", "protocol"], sort=True):
        rows = part_cohort(cohort, folds, str(part))
        train = (rows["split"] == "train").to_numpy()
        labels = rows["class"].to_numpy()[train]
        for name, values in inputs.items():
            probabilities = _classify(name, values[train], labels, values[~train], seed)
            table = predictions_table(rows[~train], probabilities, classes)
            tables.append(table.assign(part=part, protocol=protocol, baseline=name))
    return pd.concat(tables, ignore_index=True)


def _classify(
    name: str, train: np.ndarray, labels: np.ndarray, others: np.ndarray, seed: int
) -> np.ndarray:
    """Probabilities of the classes in alphabetical order for the others, shape (m, c)."""
    model: Any
    if name == "average pool":
        from sklearn.linear_model import LogisticRegression

        model = LogisticRegression(C=1.0, max_iter=2000, class_weight="balanced")
    else:
        from sklearn.ensemble import RandomForestClassifier

        model = RandomForestClassifier(
            TREES, class_weight="balanced", random_state=seed, min_samples_leaf=2
        )
    return model.fit(train, labels).predict_proba(others)
