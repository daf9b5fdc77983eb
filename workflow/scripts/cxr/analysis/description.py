"""Descriptive tables of the recorded fields: cleaning, frequencies of values, missing values."""

from collections.abc import Sequence

import pandas as pd

CLEANING_COLUMNS = ("column", "texts", "distinct_texts", "values", "distinct_values", "rows")
FREQUENCY_COLUMNS = ("field", "value", "images", "patients", "share")
MISSING_COLUMNS = ("field", "class", "images", "missing", "share")


def join(cohort: pd.DataFrame, metadata: pd.DataFrame) -> pd.DataFrame:
    """The metadata of a cohort's images with their class and split group, in its order."""
    rows = metadata.set_index("image_id").loc[cohort["image_id"]].reset_index()
    rows.insert(1, "class", cohort["class"].to_numpy())
    rows.insert(2, "split_group", cohort["split_group"].to_numpy())
    return rows


def before_and_after(cleaning: pd.DataFrame, spellings: pd.DataFrame) -> pd.DataFrame:
    """What cleaning made of each column of text, all sources together.

    Parameters
    ----------
    cleaning, spellings : DataFrame
        The tables that `clean_metadata` writes.

    Returns
    -------
    DataFrame
        Columns as in `CLEANING_COLUMNS`: rows with a text and how many distinct ones, rows with
        a value and how many distinct ones, and all rows.
    """
    summary = []
    for column, rows in cleaning.groupby("column"):
        of_column = spellings.loc[spellings["column"] == column]
        valued = of_column.loc[of_column["value"].notna()]
        summary.append(
            {
                "column": column,
                "texts": int(of_column["rows"].sum()),
                "distinct_texts": of_column["text"].nunique(),
                "values": int(valued["rows"].sum()),
                "distinct_values": valued["value"].nunique(),
                "rows": int(rows["rows"].sum()),
            }
        )
    return pd.DataFrame(summary, columns=list(CLEANING_COLUMNS))


def frequencies(rows: pd.DataFrame, fields: Sequence[str]) -> pd.DataFrame:
    """How many images and patients have each value, the commonest first.

    Returns
    -------
    DataFrame
        Columns as in `FREQUENCY_COLUMNS`; `share` is of the images where the field is recorded.
    """
    tables = []
    for field in fields:
        recorded = rows.loc[rows[field].notna()]
        counts = recorded.groupby(field)["patient_id"].agg(images="size", patients="nunique")
        table = counts.reset_index(names="value").assign(field=field)
        table["share"] = (table["images"] / max(len(recorded), 1)).round(4)
        tables.append(table.sort_values(["images", "value"], ascending=[False, True]))
    return pd.concat(tables, ignore_index=True)[list(FREQUENCY_COLUMNS)]


def missing(rows: pd.DataFrame, fields: Sequence[str]) -> pd.DataFrame:
    """Missing values of each field by class, columns as in `MISSING_COLUMNS`."""
    summary = [
        {
            "field": field,
            "class": name,
            "images": len(members),
            "missing": int(members[field].isna().sum()),
            "share": round(float(members[field].isna().mean()), 4),
        }
        for field in fields
        for name, members in rows.groupby("class")
    ]
    return pd.DataFrame(summary, columns=list(MISSING_COLUMNS))
