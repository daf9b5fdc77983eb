"""Values of rows that no table has: constants of the config, and tags of DICOM files."""

import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from cxr.config.dicom_tags import field_of
from cxr.images.decode import UnusableImage, locate
from cxr.images.dicom import TAGS, is_dicom, read_tags
from cxr.images.dicom_tags import require_tags
from cxr.metadata.normalise import states, tidy
from cxr.sources.patients import tagged_patients

log = logging.getLogger("cxr")

# What CheXpert and MIMIC-CXR write for a finding that may be there.
UNCERTAIN = ("-1", "-1.0")
SHOWN = 3
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

    Others, such as CheXpert's -1 for an uncertain finding, state nothing; texts of no known
    meaning are told.
    """
    for name, column in columns.items():
        unknown = {
            text: n
            for cell, n in Counter(column).items()
            if (text := tidy(cell)) and states(text) is None and text not in UNCERTAIN
        }
        if unknown:
            told = ", ".join(f"{text} ({n})" for text, n in list(unknown.items())[:SHOWN])
            log.warning(
                "the column %r, which states a finding, holds %s: neither yes nor no, so that it "
                "states nothing there; write 1 and 0",
                name,
                told,
            )
    stated = pd.DataFrame({name: column.map(states) == "yes" for name, column in columns.items()})
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
    frame = raw.assign(**dict.fromkeys(new)).astype("object")
    columns = {name: frame[name].tolist() for name in frame.columns}
    nothing = [np.nan] * len(frame)
    tagged = {name: columns.get(name, nothing) for name in TAGS}
    own = {keyword: columns[field] for keyword, field in zip(keywords, fields, strict=True)}
    incomplete = np.zeros(len(frame), dtype=bool)
    for values in {id(v): v for v in (*tagged.values(), *own.values())}.values():
        incomplete |= np.fromiter((tidy(v) is None for v in values), bool, len(frame))
    read: dict[str, dict[int, str | None]] = {}
    for at in np.flatnonzero(incomplete).tolist():
        path = _dicom_file(root, columns["file"][at])
        if path is None:
            continue
        missing = [name for name, values in tagged.items() if tidy(values[at]) is None]
        unfilled = [keyword for keyword, values in own.items() if tidy(values[at]) is None]
        for name, value in read_tags(path, missing, unfilled).items():
            read.setdefault(name, {})[at] = value
    patients = read.get("patient_id", {})
    patients |= tagged_patients(source, patients, patient_key)
    for name, values in read.items():
        column = columns.setdefault(name, list(nothing))
        for at, value in values.items():
            column[at] = value
    return pd.DataFrame(columns, index=raw.index).astype("object")


def _dicom_file(root: Path, file: str) -> Path | None:
    """The path of a row's file, None where it is no DICOM file."""
    try:
        path = locate(root, file)
        return path if file and path.is_file() and is_dicom(path) else None
    except (UnusableImage, OSError):
        return None
