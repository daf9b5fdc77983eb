"""Tags: recorded values of an image besides its class, as labels that a network learns with it.

An image has one class and any number of tags, or none.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np
import pandas as pd

from cxr.core.errors import InputError

TAGS_COLUMN = "tags"
OTHER = "other"
TAG_COLUMNS = ("tag", "field", "value", "images", "patients")


@dataclass(frozen=True)
class TagSettings:
    """Which recorded values become tags.

    Attributes
    ----------
    fields : tuple of str
        Columns of text.
    min_patients : int
        Patients that a tag needs.
    """

    fields: tuple[str, ...]
    min_patients: int


def assign_tags(rows: pd.DataFrame, settings: TagSettings) -> tuple[list[list[str]], pd.DataFrame]:
    """The tags of each image: its recorded values, rare ones merged.

    Values that fewer than `min_patients` patients have become the field's `other`; where
    even these are fewer together they are no tag, since a tag has to be learned from
    one patient and tested on another.

    Parameters
    ----------
    rows : DataFrame, n rows
        The fields, null where not recorded, and `patient_id`.
    settings : TagSettings

    Returns
    -------
    tags : list of n lists of str
        `<field>: <value>`, in the order of the fields.
    table : DataFrame
        Columns as in `TAG_COLUMNS`, a row a value; its tag is null where it is none.

    Raises
    ------
    InputError
        If a field is in no table or holds numbers, or no tag is left.
    """
    for field in settings.fields:
        if field not in rows:
            raise InputError(
                f"config key 'cohort.tags.fields': no source has a column {field}; leave it out"
            )
        if pd.api.types.is_numeric_dtype(rows[field]):
            raise InputError(
                f"config key 'cohort.tags.fields': {field} holds numbers; name fields of text"
            )
    columns, tables = [], []
    for field in settings.fields:
        values = rows[field].astype("object").where(rows[field].notna(), None)
        recorded = pd.DataFrame({"value": values, "patient": rows["patient_id"]}).dropna()
        counts = recorded.groupby("value")["patient"].agg(images="size", patients="nunique")
        rare = counts.index[counts["patients"] < settings.min_patients]
        patients = recorded.loc[recorded["value"].isin(rare), "patient"].nunique()
        merged = patients >= settings.min_patients
        names: dict[object, str | None] = {v: f"{field}: {v}" for v in counts.index}
        names |= dict.fromkeys(rare, f"{field}: {OTHER}" if merged else None)
        columns.append([names.get(value) for value in values])
        table = counts.reset_index().assign(field=field)
        table["tag"] = [names[value] for value in table["value"]]
        tables.append(table)
    table = pd.concat(tables, ignore_index=True)[list(TAG_COLUMNS)]
    if table["tag"].isna().all():
        raise InputError(
            f"config key 'cohort.tags': no value of {', '.join(settings.fields)} is recorded of "
            f"{settings.min_patients} patients; lower cohort.tags.min_patients, name other fields, "
            f"or leave tags out"
        )
    tags = [[name for name in names if name] for names in zip(*columns, strict=True)]
    order = ["field", "patients", "images", "value"]
    table = table.sort_values(order, ascending=[True, False, False, True], ignore_index=True)
    return tags, table


def tag_names(cohort: pd.DataFrame) -> list[str]:
    """The tags that occur in a cohort, sorted; none where it has no tags."""
    if TAGS_COLUMN not in cohort:
        return []
    return sorted({name for names in cohort[TAGS_COLUMN] for name in names})


def label_names(cohort: pd.DataFrame, classes: Sequence[str]) -> list[str]:
    """The classes and the tags, in the order of a network's outputs; none without tags."""
    tags = tag_names(cohort)
    return [*classes, *tags] if tags else []


def multi_hot(cohort: pd.DataFrame, names: Sequence[str]) -> np.ndarray:
    """Which of the tags each image has, bool of shape (n, len(names))."""
    if not len(names):
        return np.zeros((len(cohort), 0), dtype=bool)
    tags = cohort[TAGS_COLUMN]
    columns = pd.Index(names).get_indexer(list(chain.from_iterable(tags)))
    rows = np.repeat(np.arange(len(cohort)), tags.map(len).to_numpy(dtype=np.int64))
    hot = np.zeros((len(cohort), len(names)), dtype=bool)
    hot[rows[columns >= 0], columns[columns >= 0]] = True
    return hot


def label_table(cohort: pd.DataFrame, classes: Sequence[str]) -> pd.DataFrame:
    """Which labels each image has: a bool column a label, indexed by image_id."""
    labels = label_names(cohort, classes)
    is_class = cohort["class"].to_numpy(dtype=object)[:, None] == np.array(classes, dtype=object)
    values = np.hstack([is_class, multi_hot(cohort, labels[len(classes) :])])
    return pd.DataFrame(values, index=cohort["image_id"].to_numpy(), columns=labels)
