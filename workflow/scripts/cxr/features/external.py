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

from cxr.config.catalogue.fields import field_name, may_name_person
from cxr.core.errors import InputError
from cxr.features.choice import Kind, choose_features
from cxr.features.reading import read_features
from cxr.features.tables import features_table
from cxr.images.decode import format_of_name
from cxr.metadata.countries import country_of_place
from cxr.metadata.dates import read_column
from cxr.metadata.fields import own_text, typed_texts
from cxr.metadata.normalise import tidy
from cxr.metadata.schema import COLUMNS, SCHEMA, rejections
from cxr.sources.columns import no_column
from cxr.sources.patients import plain_patients
from cxr.sources.rows import PARSERS
from cxr.sources.tables import cell_text

log = logging.getLogger("cxr")

DEFAULT_CLASS = "image"  # of images whose table names none
STAGE = "features"
# Columns with a meaning of their own, which are no features.
DOCUMENTED = (*COLUMNS, "class", "split")


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


def import_table(
    path: str | Path,
    name: str,
    columns: Sequence[str] | str | None = None,
    fields: Mapping[str, str] | None = None,
) -> ExternalFeatures:
    """The files of a study, from a table of features in a file, see `divide_table`.

    Raises
    ------
    InputError
        As `read_features` and `divide_table`.
    """
    table, problems, texts = read_features(path, DOCUMENTED)
    return divide_table(table, name, columns, fields, problems, texts)


def divide_table(
    table: pa.Table,
    name: str,
    columns: Sequence[str] | str | None = None,
    fields: Mapping[str, str] | None = None,
    problems: Sequence[str | None] | None = None,
    texts: Mapping[str, pd.Series] | None = None,
) -> ExternalFeatures:
    """Divides a table of features into the files that the stages after it read.

    A row without an id, with one that occurred before or with a feature that is
    not finite is rejected. A patient who is not named is the image itself.

    Parameters
    ----------
    table : Table
        `image_id`; the features, either columns of numbers or one column of
        lists, see `choose_features`; `class` and columns of the metadata's schema, where
        there are any, whose texts are parsed as those of a table of images.
    name : str
        The source where the table names none.
    columns : sequence of str, str or None
        The columns that are features, or a pattern of their names.
    fields : mapping, optional
        The table's column of each own field. Columns that are nothing else are own fields
        under their names, as far as these can be such a field's and say of no person.
    problems : sequence of str or None
        Why each row can't be used, as far as it is known.
    texts : mapping of Series, optional
        The texts of columns that are numbers in `table`, for own fields.

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
    named = dict(fields or {})
    _require_columns(table, named)
    _require_no_metadata(table, columns)
    kinds = {field.name: _kind(field.type) for field in table.schema}
    taken = {*DOCUMENTED, *named.values()}
    kinds = {column: kind for column, kind in kinds.items() if column not in taken}
    chosen = choose_features(kinds, columns)
    log.info("%d columns are features, the first is %s", len(chosen), chosen[0])
    features, unusable = _features(table, chosen, kinds[chosen[0]])
    others = [column for column in kinds if column not in chosen and kinds[column] != "list"]
    own = _own_fields(table, _by_name(others) | named, texts or {})
    metadata = _metadata(table, name).assign(**own)
    known = [first or second for first, second in zip(problems or unusable, unusable, strict=True)]
    kept, rejected = _usable_rows(metadata, _reasons(metadata["image_id"], known))
    metadata = metadata.iloc[kept].reset_index(drop=True)
    cohort = _cohort(metadata)
    metadata = metadata.drop(columns="class")
    return ExternalFeatures(metadata, cohort, features_table(cohort, features[kept]), rejected)


def _usable_rows(metadata: pd.DataFrame, reasons: np.ndarray) -> tuple[np.ndarray, pd.DataFrame]:
    """The places of the rows without a reason against them, by image_id, and the rejected ones."""
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
    order = np.argsort(metadata["image_id"].to_numpy(dtype=np.str_)[kept], kind="stable")
    return kept[order], rejected


def _cohort(metadata: pd.DataFrame) -> pd.DataFrame:
    """The cohort of all rows of the metadata, which have a `class`; nothing is split."""
    return pd.DataFrame(
        {
            "image_id": metadata["image_id"],
            "class": metadata["class"],
            "split": "external",
            "patient_id": metadata["patient_id"],
            "split_group": metadata["patient_id"],
            "near_duplicate_group": pd.array([None] * len(metadata), dtype="Int64"),
            "source": metadata["source"],
            "file": metadata["file"],
        }
    )


def _require_no_metadata(table: pa.Table, columns: Sequence[str] | str | None) -> None:
    """Checks that no column of the metadata is named as a feature."""
    meant = {columns} if isinstance(columns, str) else set(columns or ())
    for column in DOCUMENTED:
        if column in meant and column in table.column_names:
            raise InputError(
                f"config key 'features.columns': {column} is a column of the metadata, whose "
                f"values are no features; leave it out, or rename it in the table"
            )


def _require_columns(table: pa.Table, fields: Mapping[str, str]) -> None:
    for name, column in fields.items():
        if column not in table.column_names:
            raise InputError(
                f"config key 'features.fields.{name}': "
                f"{no_column(column, table.column_names)}; name a column of the table"
            )


def _by_name(columns: Sequence[str]) -> dict[str, str]:
    """The columns that can be own fields, by the names that these have."""
    names = {
        name: column
        for column in reversed(columns)
        if (name := field_name(column)) and not may_name_person(column)
    }
    others = [column for column in columns if column not in names.values()]
    if others:
        log.info("columns that are no field by their names: %s", ", ".join(others))
    return names


def _own_fields(
    table: pa.Table, fields: Mapping[str, str], texts: Mapping[str, pd.Series]
) -> dict[str, pd.Series]:
    """The own fields of all rows, sorted by name."""
    own = {}
    for name, column in sorted(fields.items()):
        raw = table[column].to_pandas() if column not in texts else texts[column]
        cells = pd.Series([own_text(cell_text(cell)) for cell in raw], dtype="str")
        own[name] = typed_texts(cells)
    return own


def _features(
    table: pa.Table, columns: Sequence[str], kind: Kind
) -> tuple[np.ndarray, list[str | None]]:
    """The features, float32, shape (n, d), and of each row why they can't be used."""
    if kind == "list":
        return _unpacked(table[columns[0]].combine_chunks(), columns[0])
    arrays = [table[column].to_numpy(zero_copy_only=False) for column in columns]
    features = np.column_stack(arrays).astype(np.float32, copy=False)
    return features, _not_finite(features, columns)


def _not_finite(features: np.ndarray, names: Sequence[str]) -> list[str | None]:
    """Of each row the first feature that is NaN or infinite."""
    bad = ~np.isfinite(features)
    first = np.where(bad.any(axis=1), bad.argmax(axis=1), -1)
    return [None if at < 0 else f"a feature is NaN or infinite: {names[at]}" for at in first]


def _kind(kind: pa.DataType) -> Kind:
    if _is_list(kind):
        numbers = pa.types.is_floating(kind.value_type) or pa.types.is_integer(kind.value_type)
        return "list" if numbers else "other"
    if pa.types.is_floating(kind):
        return "float"
    return "whole" if pa.types.is_integer(kind) else "other"


def _is_list(kind: pa.DataType) -> bool:
    return any(
        check(kind)
        for check in (pa.types.is_list, pa.types.is_large_list, pa.types.is_fixed_size_list)
    )


def _unpacked(column: pa.Array, name: str) -> tuple[np.ndarray, list[str | None]]:
    """A column of lists as an array, and the rows without one of the length of most."""
    import pyarrow.compute as pc

    lengths = pc.fill_null(pc.list_value_length(column), -1).to_numpy(zero_copy_only=False)
    distinct, counts = np.unique(lengths[lengths >= 0], return_counts=True)
    if len(distinct) == 0 or (len(distinct) > 1 and 2 * counts.max() <= counts.sum()):
        raise InputError(
            f"config key 'features.from_file': the lists in {name} have "
            f"{len(distinct)} different lengths; every image needs as many features"
        )
    length = int(distinct[counts.argmax()])
    fitting = lengths == length
    array = np.full((len(column), length), np.nan, dtype=np.float32)
    values = pc.list_flatten(column.filter(pa.array(fitting)))
    array[fitting] = values.to_numpy(zero_copy_only=False).reshape(-1, length)
    problems = _not_finite(array, [f"{name}[{i}]" for i in range(length)])
    for row in np.flatnonzero(~fitting):
        held = f"has {lengths[row]} features where most have {length}"
        problems[row] = f"{name} {held}" if lengths[row] >= 0 else f"{name} is missing"
    return array, problems


def _metadata(table: pa.Table, name: str) -> pd.DataFrame:
    """The metadata of all rows, columns as in `SCHEMA`, and `class`."""
    names = [column for column in (*COLUMNS, "class") if column in table.column_names]
    raw = table.select(names).replace_schema_metadata(None).to_pandas().astype("object")
    metadata = pd.DataFrame(index=raw.index)
    for column, kind in SCHEMA.items():
        values = raw[column] if column in names else pd.Series(None, raw.index, dtype="object")
        if column == "date":
            dates = read_column([tidy(cell_text(cell)) for cell in values])
            metadata[column] = pd.Series(dates.values, raw.index, dtype="object").astype(kind)
        elif column in PARSERS:
            values = values.map(cell_text).map(tidy).map(PARSERS[column], na_action="ignore")
            metadata[column] = values.astype(kind)
        elif kind == "str":
            metadata[column] = values.map(cell_text).map(tidy).astype("str")
        else:
            metadata[column] = _numbers(values, kind)
    metadata["source"] = metadata["source"].fillna(name)
    metadata["file"] = metadata["file"].fillna(metadata["image_id"])
    by_name = metadata["file"].map(format_of_name, na_action="ignore")
    metadata["format"] = _filled(metadata["format"], by_name)
    patients = pd.Series(plain_patients(name, metadata["patient_id"]), raw.index, dtype="str")
    metadata["patient_id"] = metadata["source"] + ":" + patients.fillna(metadata["image_id"])
    places = metadata["location"].map(country_of_place, na_action="ignore")
    metadata["country"] = _filled(metadata["country"], places)
    classes = (
        raw["class"].map(cell_text).map(tidy) if "class" in names else pd.Series(None, raw.index)
    )
    return metadata.assign(**{"class": classes.astype("str").fillna(DEFAULT_CLASS)})


def _filled(texts: pd.Series, others: pd.Series) -> pd.Series:
    """A column of text whose gaps are filled from another one."""
    return texts.astype("object").fillna(others.astype("object")).astype("str")


def _numbers(values: pd.Series, kind: str) -> pd.Series:
    """A column of numbers; values that are no numbers, or none of this kind, become null."""
    numbers = pd.to_numeric(values, errors="coerce").astype("float64")
    if kind == "Int32":
        numbers = numbers.where((numbers % 1 == 0) & (numbers.abs() <= np.iinfo(np.int32).max))
    return numbers.astype(kind)


def _reasons(image_ids: pd.Series, known: Sequence[str | None]) -> np.ndarray:
    """Why each row can't be used; empty where it can."""
    no_id = np.where(image_ids.isna(), "no image_id", "")
    repeated = np.where(image_ids.duplicated(), "its image_id occurs before", "")
    own = np.array([reason or "" for reason in known], dtype=object)
    return np.where(no_id != "", no_id, np.where(repeated != "", repeated, own)).astype(object)
