"""Values of rows that no table has: constants of the config, and tags of DICOM files."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from cxr.config.dicom_tags import field_of
from cxr.images.decode import UnusableImage, locate
from cxr.images.dicom import TAGS, is_dicom, read_tags
from cxr.images.dicom_tags import require_tags
from cxr.metadata.normalise import tidy, yes_no
from cxr.sources.patients import tagged_patients

# What the config says of each column, of own fields in a mapping.
Values = Mapping[str, str | Mapping[str, str] | None]


def flat_values(values: Values) -> dict[str, str]:
    """The texts of a section by their keys; an own field's begins with `fields.`."""
    flat: dict[str, str] = {}
    for key, value in values.items():
        if isinstance(value, Mapping):
            flat |= {f"{key}.{name}": text for name, text in value.items()}
        elif value is not None:
            flat[key] = value
    return flat


def columns_of(
    columns: Mapping[str, str | Mapping[str, str] | list[str] | None],
) -> tuple[dict[str, str], list[str]]:
    """The columns of a table by the keys of `flat_values`, and those that state a finding each."""
    single: dict[str, str | Mapping[str, str] | None] = {}
    stating: list[str] = []
    for key, value in columns.items():
        if isinstance(value, list):
            stating = value
        else:
            single[key] = value
    return flat_values(single), stating


def stated_findings(columns: Mapping[str, pd.Series]) -> pd.Series:
    """Of each row the names of those columns that say yes or 1, as in CheXpert's tables.

    Others, such as CheXpert's -1 for an uncertain finding, state nothing.
    """
    stated = pd.DataFrame({name: column.map(yes_no) == "yes" for name, column in columns.items()})
    return stated.apply(lambda row: "; ".join(row.index[row]) or None, axis=1).astype("object")


def column_of(key: str) -> str:
    """The column of rows that a key of `flat_values` stands for."""
    return key.rpartition(".")[2]


def with_constants(raw: pd.DataFrame, constants: Values) -> pd.DataFrame:
    """Adds a column for each constant that has none, and those of patient and country."""
    raw = raw.copy()
    for key, value in flat_values(constants).items():
        if column_of(key) not in raw.columns:
            raw[column_of(key)] = value
    if "location" in raw.columns and "country" not in raw.columns:
        raw["country"] = raw["location"]
    if "patient_id" not in raw.columns:
        raw["patient_id"] = None
    return raw


def with_tags(
    raw: pd.DataFrame, root: Path, source: str, keywords: Sequence[str], patient_key: str
) -> pd.DataFrame:
    """Fills values that are missing from the tags of DICOM files.

    Parameters
    ----------
    raw : DataFrame
        Text, with the columns `file` and `patient_id`.
    root : Path
        The source's folder.
    source : str
        Its name in the config.
    keywords : sequence of str
        Tags that become own fields.
    patient_key : str
        The source's key that names patients, for messages.

    Raises
    ------
    InputError
        If a tag can't be a field, or many files have one patient id, see
        `cxr.sources.patients`.
    """
    require_tags(f"sources.{source}.tags", keywords)
    fields = [field_of(keyword) for keyword in keywords]
    new = [name for name in fields if name not in raw.columns]
    rows = raw.assign(**dict.fromkeys(new)).astype("object").to_dict("records")
    patients = {}
    for at, row in enumerate(rows):
        missing = [name for name in TAGS if tidy(row.get(name)) is None]
        unfilled = [k for k, f in zip(keywords, fields, strict=True) if tidy(row[f]) is None]
        if not missing and not unfilled:
            continue
        try:
            path = locate(root, row["file"])
            if not row["file"] or not path.is_file() or not is_dicom(path):
                continue
        except (UnusableImage, OSError):
            continue
        row.update(read_tags(path, missing, unfilled))
        if "patient_id" in missing:
            patients[at] = row["patient_id"]
    for at, patient in tagged_patients(source, patients, patient_key).items():
        rows[at]["patient_id"] = patient
    return pd.DataFrame(rows, index=raw.index).astype("object")
