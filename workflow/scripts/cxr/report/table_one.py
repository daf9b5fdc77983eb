"""Table 1: the cohort by class, and which classes are of one source."""

from collections.abc import Sequence
from typing import Any

import pandas as pd

from cxr.evidence.covariates import field_name, recorded_fields
from cxr.report.formatting import listed

# In this order; the study's own fields follow, and then what files and publishers add.
FIRST = ("source", "view", "sex", "age_years", "country")
LAST = ("format", "width", "height", "severity", "survival", "month", "doi", "licence", "location")
MOST_LEVELS = 6
LEAST = 2  # sources and classes, for a source to tell a class
MISSING, OTHER = "missing", "others"


def table_one(cohort: pd.DataFrame, metadata: pd.DataFrame) -> dict[str, Any] | None:
    """Each recorded field by class.

    Parameters
    ----------
    cohort : DataFrame
        `image_id, class, patient_id, split`.
    metadata : DataFrame
        The shared schema, with own fields.

    Returns
    -------
    dict or None
        `classes`, the `images` and `patients` of each, and `rows`: `field, level`, the `cells`
        of the classes, and `again`, whether the row above has the same field. Of texts a cell has
        `n` and `share` of the class's images; of numbers `text`, their median and quartiles.
        None where the cohort has no classes.
    """
    if "class" not in cohort or cohort["class"].isna().all():
        return None
    classes = cohort["class"].astype("str").reset_index(drop=True)
    fields = recorded_fields(metadata, cohort).drop(columns=["split", "age_band"], errors="ignore")
    fields = fields.reset_index(drop=True)
    if "age_years" in metadata:
        ages = metadata.set_index("image_id")["age_years"].reindex(cohort["image_id"])
        if ages.notna().any():
            fields["age_years"] = ages.astype("float64").to_numpy()
    names = sorted(classes.unique())
    by_class = cohort.assign(name=classes.to_numpy()).groupby("name")
    rows = [row for name in _ordered(fields) for row in _rows(fields[name], classes, names)]
    return {
        "classes": names,
        "images": [int(n) for n in by_class.size()[names]],
        "patients": [int(n) for n in by_class["patient_id"].nunique()[names]],
        "rows": rows,
    }


def single_sources(cohort: pd.DataFrame) -> list[str]:
    """A sentence on each source that has all images of a class; those with one class first.

    Empty where the cohort has one source or one class.
    """
    if "class" not in cohort or "source" not in cohort:
        return []
    counts = pd.crosstab(cohort["source"].astype("str"), cohort["class"].astype("str"))
    if min(counts.shape) < LEAST:
        return []
    found = []
    for source, of_source in counts.iterrows():
        present = of_source[of_source > 0]
        whole = [str(name) for name, n in present.items() if n == counts[name].sum()]
        if whole:
            alone = len(present) == 1
            sentence = f"Every image of {listed(whole)} is of the source {source}"
            found.append((not alone, f"{sentence}{', which has no other class' * alone}."))
    return [sentence for _, sentence in sorted(found)]


def _ordered(fields: pd.DataFrame) -> list[str]:
    own = [name for name in fields if name not in (*FIRST, *LAST)]
    return [name for name in (*FIRST, *own, *LAST) if name in fields]


def _rows(values: pd.Series, classes: pd.Series, names: Sequence[str]) -> list[dict[str, Any]]:
    """The rows of a field: of numbers one, of texts one a level; what is missing last."""
    name = str(values.name)
    if pd.api.types.is_numeric_dtype(values):
        summary = [{"text": _quartiles(values[classes == each])} for each in names]
        rows = [{"level": "median (quartiles)", "cells": summary}]
    else:
        texts = values.astype("str").where(values.notna())
        levels = texts.value_counts()
        shown = [str(level) for level in levels.index[:MOST_LEVELS]]
        rest = len(levels) - len(shown)
        if rest == 1:  # one more row is no longer than a row for the others
            shown.append(str(levels.index[-1]))
        rows = [
            {"level": level, "cells": _counts(texts == level, classes, names)} for level in shown
        ]
        if rest > 1:
            others = texts.notna() & ~texts.isin(shown)
            level = f"{rest} {OTHER}"
            rows.append({"level": level, "cells": _counts(others, classes, names)})
    if values.isna().any():
        rows.append({"level": MISSING, "cells": _counts(values.isna(), classes, names)})
    heading = field_name(name)
    return [{"field": heading, "again": i > 0, **row} for i, row in enumerate(rows)]


def _counts(member: pd.Series, classes: pd.Series, names: Sequence[str]) -> list[dict[str, Any]]:
    of_class = [member[classes == each] for each in names]
    return [{"n": int(each.sum()), "share": float(each.mean())} for each in of_class]


def _quartiles(values: pd.Series) -> str:
    if values.notna().sum() == 0:
        return "none"
    low, median, high = (f"{values.quantile(q):.4g}" for q in (0.25, 0.5, 0.75))
    return f"{median} ({low} to {high})"
