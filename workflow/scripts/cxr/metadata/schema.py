"""The shared schema of all sources, and what reading one results in."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import pandas as pd

from cxr.config.catalogue.fields import own_fields
from cxr.core.errors import InputError

# Column types of the shared schema. Missing is null, never a word.
SCHEMA = {
    "image_id": "str",
    "source": "str",
    "file": "str",
    "mask": "str",
    "patient_id": "str",
    "finding": "str",
    "view": "str",
    "modality": "str",
    "sex": "str",
    "age_years": "float64",
    "date": "str",
    "offset_days": "float64",
    "country": "str",
    "location": "str",
    "survival": "str",
    "icu": "str",
    "intubated": "str",
    "severity": "str",
    "severity_extent": "float64",
    "severity_opacity": "float64",
    "licence": "str",
    "doi": "str",
    "width": "Int32",
    "height": "Int32",
    "format": "str",
    "sha256": "str",
}
COLUMNS = tuple(SCHEMA)
REJECTED_COLUMNS = ("source", "file", "stage", "reason")
SUMMARY_COLUMNS = (
    "source",
    "column",
    "rows",
    "normalised",
    "unparsed",
    "missing",
    "ambiguous",
    "unlisted",
    "examples",
)
# Each distinct text of a column, its value, and what of it was not understood.
SPELLING_COLUMNS = ("source", "column", "text", "value", "rows", "note")


@dataclass(frozen=True)
class Reading:
    """A source in the shared schema, with what was rejected and how its texts were read.

    Attributes
    ----------
    rows : DataFrame
        A row an image, columns as in `SCHEMA`, and after them a study's own fields, by name.
    rejected : DataFrame
        A row for each entry that could not be used: source, file, stage, reason.
    summary : DataFrame
        A row for each column of text: of how many rows the value was
        normalised, could not be parsed, is missing, was ambiguous and so only kept
        in part, or has terms of no vocabulary; with the commonest examples.
    spellings : DataFrame
        A row for each distinct text of a column, the value that it became, null
        where none, of how many rows, and a note on what was not understood.
    """

    rows: pd.DataFrame
    rejected: pd.DataFrame
    summary: pd.DataFrame
    spellings: pd.DataFrame

    @classmethod
    def of(
        cls,
        rows: pd.DataFrame,
        rejected: pd.DataFrame | None = None,
        summary: pd.DataFrame | None = None,
        spellings: pd.DataFrame | None = None,
    ) -> "Reading":
        """A reading of `rows`; columns of the schema that they lack are null."""
        return cls(
            in_order(rows),
            rejections([], [], "", []) if rejected is None else rejected,
            pd.DataFrame(columns=list(SUMMARY_COLUMNS)) if summary is None else summary,
            pd.DataFrame(columns=list(SPELLING_COLUMNS)) if spellings is None else spellings,
        )

    def without_rows(self) -> "Reading":
        """All but the rows."""
        return replace(self, rows=self.rows.iloc[:0])


def in_order(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows with the columns of the schema and of text their own fields, sorted by name."""
    own = own_fields(rows.columns)
    return rows.reindex(columns=[*COLUMNS, *own]).astype(SCHEMA | dict.fromkeys(own, "str"))


def rejections(
    sources: Iterable[str], files: Iterable[str], stage: str, reasons: Sequence[str]
) -> pd.DataFrame:
    """A table of rejections: source, file, stage, reason."""
    table = pd.DataFrame(
        {"source": list(sources), "file": list(files), "stage": stage, "reason": list(reasons)}
    )
    return table.reindex(columns=list(REJECTED_COLUMNS)).astype("str")


def combine(readings: Sequence[Reading]) -> Reading:
    """All rows sorted by image_id, everything else sorted by its columns."""
    rows = in_order(pd.concat([reading.rows for reading in readings], ignore_index=True))
    rejected = pd.concat([reading.rejected for reading in readings], ignore_index=True)
    summary = _concatenated([reading.summary for reading in readings])
    spellings = _concatenated([reading.spellings for reading in readings])
    return Reading(
        rows.sort_values("image_id", ignore_index=True),
        rejected.sort_values(list(REJECTED_COLUMNS), ignore_index=True),
        summary.sort_values(["source", "column"], ignore_index=True),
        spellings.sort_values(["source", "column", "text"], ignore_index=True),
    )


def _concatenated(tables: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """The rows of those tables that have any."""
    return pd.concat([t for t in tables if not t.empty] or [tables[0]], ignore_index=True)


def require_rows(cleaned: Reading) -> Reading:
    """The same reading, if it has a row.

    Raises
    ------
    InputError
        If every entry was rejected; the commonest reason is named.
    """
    if cleaned.rows.empty:
        reasons = cleaned.rejected["reason"].value_counts()
        why = (
            f"{len(cleaned.rejected)} entries were rejected, most often: {reasons.index[0]}; "
            if len(reasons)
            else ""
        )
        raise InputError(
            f"sources {', '.join(sorted(cleaned.rejected['source'].unique())) or '(none)'}: no "
            f"usable image; {why}check that the sources are complete"
        )
    return cleaned
