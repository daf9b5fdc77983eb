"""Classes with equal distributions of recorded fields: exact matching within joint strata."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from cxr.cohort.drawing import draw_order
from cxr.core.errors import InputError
from cxr.metadata.ages import age_bands

NOT_MATCHED = "not matched: "
DRAWN = "removed by matching"


def matched_values(rows: pd.DataFrame, fields: Sequence[str]) -> pd.DataFrame:
    """The values of the matched fields, text aligned with `rows`, null where not recorded.

    Parameters
    ----------
    rows : DataFrame
        The shared schema and own fields.
    fields : sequence of str
        `age_band` are the bands of 20 years of `age_years`.

    Raises
    ------
    InputError
        If a field holds numbers, of which each would be a stratum.
    """
    values = pd.DataFrame(index=rows.index)
    for name in fields:
        if name == "age_band":
            values[name] = age_bands(rows["age_years"])
            continue
        column = rows[name] if name in rows else pd.Series(None, rows.index, dtype="object")
        if pd.api.types.is_numeric_dtype(column):
            raise InputError(
                f"config key 'cohort.match': {name} holds numbers, of which each would be a "
                f"stratum; name a field of text"
            )
        values[name] = column.astype("object").where(column.notna(), None)
    return values


def unrecorded(values: pd.DataFrame) -> pd.Series:
    """Reasons for the rows that lack a value of a matched field, null for the others."""
    reasons = pd.Series(None, index=values.index, dtype="object")
    for name in reversed(values.columns):
        reasons[values[name].isna()] = f"{NOT_MATCHED}{name} unknown"
    return reasons


def joint_strata(values: pd.DataFrame) -> pd.Series:
    """The stratum of each row in words, such as `view PA, sex F`; str, aligned with `values`."""
    named = [f"{name} " + values[name].astype("str") for name in values]
    strata = named[0]
    for other in named[1:]:
        strata = strata + ", " + other
    return strata


def without_counterpart(strata: pd.Series, classes: pd.Series) -> pd.Series:
    """Reasons for the rows of strata in which a class has no image, null for the others."""
    present = classes.groupby(strata).transform("nunique")
    reason = NOT_MATCHED + "not every class has " + strata
    return reason.astype("object").where(present < classes.nunique(), None)


def impossible_match(rows: pd.DataFrame, values: pd.DataFrame) -> str:
    """Why no stratum has an image of every class, in one line.

    Parameters
    ----------
    rows : DataFrame, n rows
        With `class`.
    values : DataFrame, n rows
        As `matched_values` makes them.
    """
    fields = ", ".join(values.columns)
    start = f"config key 'cohort.match': no combination of {fields} has images of every class"
    recorded = values.notna().groupby(rows["class"].to_numpy()).any()
    reasons = [
        f"{name} is not recorded for {', '.join(recorded.index[~recorded[name]])}"
        for name in values
        if not recorded[name].all()
    ]
    for name in values if not reasons else ():
        classes = values[name].groupby(rows["class"].to_numpy()).agg(lambda v: set(v.dropna()))
        if not set.intersection(*classes):
            reasons.append(f"no {name} is common to all classes")
    because = f": {'; '.join(reasons)}" if reasons else ""
    return f"{start}{because}; match fewer fields, or leave a class out"


def match_classes(
    rows: pd.DataFrame,
    strata: pd.Series,
    most: int | None,
    seed: int,
    first: Mapping[str, Sequence[str]],
) -> pd.Series:
    """Reasons for the rows that matching removes, null for the others; aligned with `rows`.

    Each class keeps as many images of a stratum as the class with the fewest has there.
    Within class and stratum images are drawn in rounds over patients in random order.

    Parameters
    ----------
    rows : DataFrame
        With `class`, `finding`, `patient_id` and `image_id`; every class is in each stratum.
    strata : Series of str, aligned with `rows`
    most : int or None
        Images a class; of more, each stratum keeps its share.
    seed : int
        Seed of the random draw.
    first : mapping
        For each class the findings whose images are drawn before the others.
    """
    counts = rows.groupby([strata, rows["class"]]).size()
    sizes = counts.groupby(level=0).min()
    if most is not None and sizes.sum() > most:
        sizes = _shares(sizes, most)
    reasons = pd.Series(DRAWN, index=rows.index, dtype="object")
    ordered = rows.sort_values("image_id")
    for (stratum, name), members in ordered.groupby([strata.loc[ordered.index], "class"]):
        order = draw_order(members, first.get(str(name), ()), seed, f"{name}|{stratum}")
        reasons[order[: sizes[stratum]]] = None
    return reasons


def _shares(sizes: pd.Series, most: int) -> pd.Series:
    """Sizes that sum to `most` in the proportions of others, by largest remainders."""
    quotas = sizes * most / sizes.sum()
    shares = np.floor(quotas).astype(int)
    rest = most - int(shares.sum())
    largest = (quotas - shares).sort_values(ascending=False, kind="stable").index[:rest]
    shares[largest] += 1
    return shares
