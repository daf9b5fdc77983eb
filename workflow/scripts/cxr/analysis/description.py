"""The recorded fields described: before and after cleaning, their values, what is missing."""

from collections.abc import Sequence

import pandas as pd

CLEANED = ("column", "texts", "distinct_texts", "values", "distinct_values", "rows")
FREQUENT = ("field", "value", "images", "patients", "share")
MISSED = ("field", "class", "images", "missing", "share")


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
        Columns as in `CLEANED`: rows with a text and how many distinct ones, rows with
        a value and how many distinct ones, and all rows.
    """
    found = []
    for column, rows in cleaning.groupby("column"):
        own = spellings.loc[spellings["column"] == column]
        valued = own.loc[own["value"].notna()]
        found.append(
            {
                "column": column,
                "texts": int(own["rows"].sum()),
                "distinct_texts": own["text"].nunique(),
                "values": int(valued["rows"].sum()),
                "distinct_values": valued["value"].nunique(),
                "rows": int(rows["rows"].sum()),
            }
        )
    return pd.DataFrame(found, columns=list(CLEANED))


def frequencies(rows: pd.DataFrame, fields: Sequence[str]) -> pd.DataFrame:
    """How many images and patients have each value, the commonest first.

    Returns
    -------
    DataFrame
        Columns as in `FREQUENT`; `share` is of the images where the field is recorded.
    """
    tables = []
    for field in fields:
        known = rows.loc[rows[field].notna()]
        counts = known.groupby(field)["patient_id"].agg(images="size", patients="nunique")
        table = counts.reset_index(names="value").assign(field=field)
        table["share"] = (table["images"] / max(len(known), 1)).round(4)
        tables.append(table.sort_values(["images", "value"], ascending=[False, True]))
    return pd.concat(tables, ignore_index=True)[list(FREQUENT)]


def missing(rows: pd.DataFrame, fields: Sequence[str]) -> pd.DataFrame:
    """In how many images of each class a field is not recorded, columns as in `MISSED`."""
    found = [
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
    return pd.DataFrame(found, columns=list(MISSED))
