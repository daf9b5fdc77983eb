"""Features that were computed elsewhere, and the metadata in their table.

The table replaces all stages before the maps: it becomes the same files that
these would have written.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from cxr.core.errors import InputError
from cxr.core.io import read_arrow
from cxr.core.parquet_bounds import bounded_columns
from cxr.features.tables import features_table
from cxr.images.decode import format_of_name
from cxr.metadata.countries import country
from cxr.metadata.fields import own_text, typed_texts
from cxr.metadata.normalise import tidy
from cxr.metadata.schema import COLUMNS, SCHEMA, rejections

log = logging.getLogger("cxr")

DEFAULT_CLASS = "image"  # of images whose table names none
STAGE = "features"
# Features hardly compress, the metadata beside them ten times. Dividing a table takes three
# times its bytes, for which `import_features` asks.
ALWAYS_ALLOWED = 200 * 10**6
MAX_GROWTH = 10


@dataclass(frozen=True)
class ExternalFeatures:
    """The files of a study, from a table of features.

    Attributes
    ----------
    metadata, cohort, features : DataFrame
        As `metadata.parquet`, `cohort.parquet` and `features/<model>.parquet`.
    rejected : DataFrame
        Rows that could not be used: source, file, stage, reason.
    """

    metadata: pd.DataFrame
    cohort: pd.DataFrame
    features: pd.DataFrame
    rejected: pd.DataFrame


def read_features(path: str | Path) -> pa.Table:
    """The columns of a table of features that can be features or metadata.

    Raises
    ------
    InputError
        If the file is damaged, or expands to more than `ALWAYS_ALLOWED` and `MAX_GROWTH`
        times its size.
    """
    most = ALWAYS_ALLOWED + MAX_GROWTH * Path(path).stat().st_size
    return read_arrow(path, bounded_columns(path, most))


def divide_table(
    table: pa.Table, name: str, fields: Mapping[str, str] | None = None
) -> ExternalFeatures:
    """Divides a table of features into the files that the stages after it read.

    A row without an id, with one that occurred before or with a feature that is
    not finite is rejected. A patient who is not named is the image itself.

    Parameters
    ----------
    table : Table
        `image_id`; the features, either columns of floats or one column of
        lists; `class` and columns of the metadata's schema, where there are any.
    name : str
        The source where the table names none.
    fields : mapping, optional
        The table's column of each own field.

    Raises
    ------
    InputError
        Without image_id, without features, without a column of an own field, or without
        a row that can be used.
    """
    if "image_id" not in table.column_names:
        raise InputError(
            f"config key 'features.from_file': no column image_id, only "
            f"{', '.join(table.column_names[:8])}; name the images"
        )
    own = _own_fields(table, fields or {})
    features = _features(table.drop_columns(list(set((fields or {}).values()))))
    metadata = _metadata(table, name).assign(**own)
    reasons = _reasons(metadata["image_id"], features)
    bad = reasons != ""
    rejected = rejections(
        metadata.loc[bad, "source"], metadata.loc[bad, "image_id"].fillna(""), STAGE, reasons[bad]
    )
    if bad.all():
        raise InputError(
            "config key 'features.from_file': no row of it can be used; "
            + (f"most often: {rejected['reason'].mode()[0]}" if len(rejected) else "it is empty")
        )
    kept = np.flatnonzero(~bad)
    kept = kept[np.argsort(metadata["image_id"].to_numpy(dtype=np.str_)[kept], kind="stable")]
    metadata = metadata.iloc[kept].reset_index(drop=True)
    cohort = pd.DataFrame(
        {
            "image_id": metadata["image_id"],
            "class": metadata.pop("class"),
            "split": "external",
            "patient_id": metadata["patient_id"],
            "split_group": metadata["patient_id"],
            "near_duplicate_group": pd.array([None] * len(metadata), dtype="Int64"),
            "source": metadata["source"],
            "file": metadata["file"],
        }
    )
    return ExternalFeatures(metadata, cohort, features_table(cohort, features[kept]), rejected)


def _own_fields(table: pa.Table, fields: Mapping[str, str]) -> dict[str, pd.Series]:
    """The own fields of all rows, sorted by name."""
    for name, column in fields.items():
        if column not in table.column_names:
            raise InputError(
                f"config key 'features.fields.{name}': no column {column!r}, only "
                f"{', '.join(table.column_names[:8])}; name a column of the table"
            )
    raw = table.select(list(set(fields.values()))).to_pandas()
    texts = {name: raw[fields[name]].map(own_text).astype("str") for name in sorted(fields)}
    return {name: typed_texts(column) for name, column in texts.items()}


def _features(table: pa.Table) -> np.ndarray:
    """The features, float32, shape (n, d): columns of floats, or the one column of lists."""
    documented = {*COLUMNS, "class", "split"}
    fields = [field for field in table.schema if field.name not in documented]
    floats = [field.name for field in fields if pa.types.is_floating(field.type)]
    lists = [field.name for field in fields if _is_list(field.type)]
    if len(lists) > 1 or (lists and floats):
        raise InputError(
            f"config key 'features.from_file': which columns are features? There are lists in "
            f"{', '.join(lists)} and numbers in {', '.join(floats[:3]) or 'none'}; keep one kind"
        )
    columns = lists or floats
    if not columns:
        raise InputError(
            "config key 'features.from_file': no columns of floats and no column of lists; "
            "store the features as float32"
        )
    ignored = [field.name for field in fields if field.name not in columns]
    if ignored:
        text = "columns that are neither features nor metadata are ignored: %s"
        log.info(text, ", ".join(ignored))
    if lists:
        return _unpacked(table[lists[0]].combine_chunks(), lists[0])
    arrays = [table[name].to_numpy(zero_copy_only=False) for name in floats]
    return np.column_stack(arrays).astype(np.float32, copy=False)


def _is_list(kind: pa.DataType) -> bool:
    return any(
        check(kind)
        for check in (pa.types.is_list, pa.types.is_large_list, pa.types.is_fixed_size_list)
    )


def _unpacked(column: pa.Array, name: str) -> np.ndarray:
    """A column of lists as an array; a missing list is a row of NaN."""
    import pyarrow.compute as pc

    lengths = pc.list_value_length(column)
    distinct = pc.unique(lengths.drop_null()).to_pylist()
    if len(distinct) != 1:
        raise InputError(
            f"config key 'features.from_file': the lists in {name} have "
            f"{len(distinct)} different lengths; every image needs as many features"
        )
    array = np.full((len(column), distinct[0]), np.nan, dtype=np.float32)
    valid = column.is_valid().to_numpy(zero_copy_only=False)
    values = pc.list_flatten(column.drop_null())
    array[valid] = values.to_numpy(zero_copy_only=False).reshape(-1, distinct[0])
    return array


def _metadata(table: pa.Table, name: str) -> pd.DataFrame:
    """The metadata of all rows, columns as in `SCHEMA`, and `class`."""
    names = [column for column in (*COLUMNS, "class") if column in table.column_names]
    raw = table.select(names).to_pandas()
    metadata = pd.DataFrame(index=raw.index)
    for column, kind in SCHEMA.items():
        values = raw[column] if column in names else pd.Series(None, raw.index, dtype="object")
        if kind == "str":
            metadata[column] = values.map(tidy).astype("str")
        else:
            metadata[column] = _numbers(values, kind)
    metadata["source"] = metadata["source"].fillna(name)
    metadata["file"] = metadata["file"].fillna(metadata["image_id"])
    metadata["format"] = (
        metadata["format"]
        .fillna(metadata["file"].map(format_of_name, na_action="ignore"))
        .astype("str")
    )
    metadata["patient_id"] = (
        metadata["source"] + ":" + metadata["patient_id"].fillna(metadata["image_id"])
    )
    places = metadata["country"].fillna(metadata["location"])
    metadata["country"] = places.map(country, na_action="ignore").astype("str")
    classes = raw["class"].map(tidy) if "class" in names else pd.Series(None, raw.index)
    return metadata.assign(**{"class": classes.astype("str").fillna(DEFAULT_CLASS)})


def _numbers(values: pd.Series, kind: str) -> pd.Series:
    """A column of numbers; values that are no numbers, or none of this kind, become null."""
    numbers = pd.to_numeric(values, errors="coerce").astype("float64")
    if kind == "Int32":
        numbers = numbers.where((numbers % 1 == 0) & (numbers.abs() <= np.iinfo(np.int32).max))
    return numbers.astype(kind)


def _reasons(image_ids: pd.Series, features: np.ndarray) -> np.ndarray:
    """Why each row can't be used; empty where it can."""
    conditions: Sequence[tuple[np.ndarray, str]] = (
        (image_ids.isna().to_numpy(), "no image_id"),
        (image_ids.duplicated().to_numpy(), "its image_id occurs before"),
        (~np.isfinite(features).all(axis=1), "a feature is NaN or infinite"),
    )
    return np.select([rows for rows, _ in conditions], [reason for _, reason in conditions], "")
