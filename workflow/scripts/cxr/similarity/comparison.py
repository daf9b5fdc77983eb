"""The searches of a study side by side: its network, baselines, own patient in and out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from cxr.cohort.splits import independent_patients
from cxr.config.catalogue.controls import CONTROLS, IMAGENET
from cxr.core.io import read_table
from cxr.similarity.retrieval import ALL, SharedField, retrieve, select_queries, summarise
from cxr.similarity.space import Metric, Space, make_space

# Recorded fields that neighbours might share without looking at a disease.
CONFOUNDERS = ("country", "view", "doi")
COLUMNS = (
    "space",
    "own_patient",
    "field",
    "within",
    "level",
    "queries",
    "patients",
    "k",
    "base_rate",
    "max_attainable",
    *(
        f"{measure}{end}"
        for measure in ("precision", "average_precision", "enrichment")
        for end in ("", "_low", "_high")
    ),
)
HELD_OUT, TRAINED, BACKBONE, EXTERNAL = "held out", "trained", IMAGENET, "external"
DESCRIPTIONS = {
    HELD_OUT: "networks trained on the other patients",
    TRAINED: "the study's network, trained on many of these images",
    BACKBONE: "a network with ImageNet weights",
    EXTERNAL: "features from a file",
    **{name: entry.description for name, entry in CONTROLS.items() if entry.baseline},
}


@dataclass(frozen=True)
class SearchSpaces:
    """Spaces of the same images, divided into parts that are searched by themselves.

    Attributes
    ----------
    spaces : dict of list of Space
        By the name of the space, one for each part.
    records : DataFrame, n rows
        Indexed by image_id: `class, patient_id` and recorded fields.
    """

    spaces: Mapping[str, Sequence[Space]]
    records: pd.DataFrame


def build_spaces(
    tables: Mapping[str, pd.DataFrame],
    folds: Sequence[pd.DataFrame],
    records: pd.DataFrame,
    metric: Metric,
    seed: int,
) -> SearchSpaces:
    """The spaces of a study's tables of features.

    Parameters
    ----------
    tables : mapping of str to DataFrame
        Features of all images.
    folds : sequence of DataFrame
        Of each part the features by the network that was not trained on it; empty where
        none could be trained. Where one is missing there is no space `held out`, and all
        others are searched in one part.
    records : DataFrame
        Indexed by image_id, with `class` and `patient_id`.
    """

    def spaces_of(table: pd.DataFrame) -> Space:
        return make_space(table, records["patient_id"], metric, seed)[0]

    complete = bool(folds) and all(len(fold) for fold in folds)
    parts = [fold["image_id"].to_numpy(dtype=np.str_) for fold in folds] if complete else None
    spaces = {HELD_OUT: [spaces_of(fold) for fold in folds]} if complete else {}
    for name, table in tables.items():
        whole = spaces_of(table)
        spaces[name] = [whole] if parts is None else [whole.part(ids) for ids in parts]
    return SearchSpaces(spaces, records)


def compare_spaces(searches: SearchSpaces, k: int, seed: int) -> pd.DataFrame:
    """Every space by class, and by what else its neighbours share.

    Returns
    -------
    DataFrame
        `COLUMNS`: a row for each space, `own_patient` (excluded or included), field and
        level: all queries, or those of a class. Of the confounders those levels in which
        they differ, `within` the images of that class.
    """
    rows: list[Mapping[str, Any]] = []
    for name, parts in searches.spaces.items():
        for own in (False, True):
            answers, fields, patients = _ask_parts(parts, searches.records, k, own, seed)
            for number, (field, within) in enumerate(fields):
                told = answers[answers["question"] == number]
                if told.empty:
                    continue
                keys = {
                    "space": name,
                    "own_patient": "included" if own else "excluded",
                    "field": field,
                    "within": within,
                }
                rows += [{**keys, **means} for means in summarise(told, patients, seed)]
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    # All classes together would hide in which one a field differs at all.
    return table[(table["field"] == "class") | ((table["level"] != ALL) & (table["base_rate"] < 1))]


def _ask_parts(
    parts: Sequence[Space], records: pd.DataFrame, k: int, own: bool, seed: int
) -> tuple[pd.DataFrame, list[tuple[str, str]], np.ndarray]:
    """The answers of all parts, whose rows count on; the questions; the patient of each row."""
    names = [("class", "")]
    names += [(name, "class") for name in CONFOUNDERS if name in records]
    tables, patients, before = [], [], 0
    for space in parts:
        told = records.loc[space.image_ids]
        values = {name: _known(told[name]) for name in ["class", *(n for n, _ in names[1:])]}
        questions = [
            SharedField(name, values[name], values[within] if within else None)
            for name, within in names
        ]
        answers = retrieve(space, select_queries(space.owners, seed), questions, k, own)
        tables.append(answers.assign(row=answers["row"] + before))
        patients.append(told["patient_id"].to_numpy(dtype=np.str_))
        before += len(space.image_ids)
    return pd.concat(tables, ignore_index=True), names, np.concatenate(patients)


def _known(column: pd.Series) -> np.ndarray:
    """A column's values, None where there is none."""
    values = column.astype("object")
    return values.where(values.notna(), None).to_numpy()


def image_records(cohort: pd.DataFrame, metadata: pd.DataFrame) -> pd.DataFrame:
    """What is recorded of the images of a cohort, by image_id.

    Parameters
    ----------
    cohort : DataFrame, n rows
        `image_id, class, patient_id, split_group, source`.
    metadata : DataFrame
        The shared schema.

    Returns
    -------
    DataFrame, n rows
        The metadata, with `class`, and patients as `independent_patients` has them.
    """
    rows = metadata.set_index("image_id").loc[cohort["image_id"]]
    patients = independent_patients(cohort).to_numpy()
    return rows.assign(**{"class": cohort["class"].to_numpy(), "patient_id": patients})


def read_feature_tables(input: Any, cfg: Mapping[str, Any]) -> dict[str, pd.DataFrame]:
    """The features of all images, by the name of their space.

    Parameters
    ----------
    input : mapping of str to path
        `features`, and as far as there are some `backbone` and `baselines`.
    cfg : mapping
        `learned`, whether the features were learned here, and the names of the `baselines`.
    """
    paths = {TRAINED if cfg["learned"] else EXTERNAL: input["features"]}
    if input.get("backbone"):
        paths[BACKBONE] = input["backbone"]
    paths |= dict(zip(cfg["baselines"], input.get("baselines") or [], strict=True))
    return {name: read_table(path) for name, path in paths.items()}
