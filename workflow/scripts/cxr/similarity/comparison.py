"""The searches of a study side by side: its features, baselines, own patient in and out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from cxr.cohort.splits import independent_patients
from cxr.config.catalogue.controls import CONTROLS, IMAGENET
from cxr.core.io import read_table
from cxr.metadata.fields import own_groups
from cxr.planning.stages import ENCODER, EXTERNAL, TRAINED
from cxr.similarity.retrieval import ALL, MEASURES, SharedField, retrieve, select_queries, summarise
from cxr.similarity.space import Metric, Space, make_space

# Recorded fields that neighbours may share for other reasons than their disease, besides a
# study's own.
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
    *(f"{measure}{end}" for measure in MEASURES for end in ("", "_low", "_high")),
)
HELD_OUT = "held out"
# Every space with its description, in the order of figures.
SPACES = {
    HELD_OUT: "networks trained on the other patients",
    TRAINED: "the study's network, trained on many of these images",
    IMAGENET: "a network with ImageNet weights",
    EXTERNAL: "features from a file",
    ENCODER: "an encoder that others trained",
    **{name: entry.description for name, entry in CONTROLS.items() if entry.baseline},
}


@dataclass(frozen=True)
class SearchSpaces:
    """Spaces of the same images, divided into parts, each searched by itself.

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
        none could be trained. Without all of them there is no space `held out`, and the
        others are searched in one part.
    records : DataFrame
        Indexed by image_id, with `class` and `patient_id`.
    """

    def space_of(table: pd.DataFrame) -> Space:
        return make_space(table, records["patient_id"], metric, seed)[0]

    complete = bool(folds) and all(len(fold) for fold in folds)
    parts = [fold["image_id"].to_numpy(dtype=np.str_) for fold in folds] if complete else None
    spaces = {HELD_OUT: [space_of(fold) for fold in folds]} if complete else {}
    for name, table in tables.items():
        whole = space_of(table)
        spaces[name] = [whole] if parts is None else [whole.part(ids) for ids in parts]
    return SearchSpaces(spaces, records)


def compare_spaces(searches: SearchSpaces, k: int, seed: int) -> pd.DataFrame:
    """Retrieval metrics of every space: by class, and by the other fields that neighbours share.

    Returns
    -------
    DataFrame
        `COLUMNS`: a row for each space, `own_patient` (excluded or included), field and
        level: all queries, or those of a class. Of the other fields those levels in which
        their values differ, `within` the images of that class.
    """
    rows: list[Mapping[str, Any]] = []
    for name, parts in searches.spaces.items():
        for own_patient in (False, True):
            queries, fields, patients = _retrieve_parts(
                parts, searches.records, k, own_patient, seed
            )
            for number, (field, within) in enumerate(fields):
                of_field = queries[queries["field_index"] == number]
                if of_field.empty:
                    continue
                keys = {
                    "space": name,
                    "own_patient": "included" if own_patient else "excluded",
                    "field": field,
                    "within": within,
                }
                rows += [{**keys, **means} for means in summarise(of_field, patients, seed)]
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    # Over all classes it would be hidden in which one a field differs at all.
    return table[(table["field"] == "class") | ((table["level"] != ALL) & (table["base_rate"] < 1))]


def _retrieve_parts(
    parts: Sequence[Space], records: pd.DataFrame, k: int, own_patient: bool, seed: int
) -> tuple[pd.DataFrame, list[tuple[str, str]], np.ndarray]:
    """The queries of all parts, rows numbered through; their fields; each row's patient."""
    names = [("class", "")]
    others = [*CONFOUNDERS, *own_groups(records)]
    names += [(name, "class") for name in others if name in records]
    tables, patients, offset = [], [], 0
    for space in parts:
        rows = records.loc[space.image_ids]
        values = {name: _or_none(rows[name]) for name, _ in names}
        fields = [
            SharedField(name, values[name], values[within] if within else None)
            for name, within in names
        ]
        queries = retrieve(space, select_queries(space.owners, seed), fields, k, own_patient)
        tables.append(queries.assign(row=queries["row"] + offset))
        patients.append(rows["patient_id"].to_numpy(dtype=np.str_))
        offset += len(space.image_ids)
    return pd.concat(tables, ignore_index=True), names, np.concatenate(patients)


def _or_none(column: pd.Series) -> np.ndarray:
    """A column's values, None where not recorded."""
    values = column.astype("object")
    return values.where(values.notna(), None).to_numpy()


def image_records(cohort: pd.DataFrame, metadata: pd.DataFrame) -> pd.DataFrame:
    """The records of the images of a cohort, by image_id.

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


def read_feature_tables(
    features: str | Path,
    backbone: str | Path | None,
    baselines: Mapping[str, str | Path],
    space: str,
) -> dict[str, pd.DataFrame]:
    """The features of the images that the study's features have, by the name of their space.

    Parameters
    ----------
    features : path
        The study's.
    backbone : path, optional
        Those of a network with ImageNet weights.
    baselines : mapping of str to path
        Control features by their names.
    space : str
        The name of theirs: trained, encoder or external.
    """
    paths = {space: features}
    if backbone:
        paths[IMAGENET] = backbone
    paths |= baselines
    tables = {name: read_table(path) for name, path in paths.items()}
    shared = tables[space]["image_id"]
    return {name: table[table["image_id"].isin(shared)] for name, table in tables.items()}
