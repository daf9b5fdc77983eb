"""Associations of the recorded fields with each other."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from cxr.statistics import association

COLUMNS = ("within", *association.ASSOCIATION_COLUMNS)
PUBLICATION = "doi"


def relate(
    rows: pd.DataFrame, target: str, predictors: Sequence[str], permutations: int, seed: int
) -> pd.DataFrame:
    """Every pair of fields in which one is text, and the target beside the publication.

    Parameters
    ----------
    rows : DataFrame
        Metadata of images, with `patient_id`.
    target : str
        A column of text.
    predictors : sequence of str
        Columns of text or numbers.
    permutations, seed : int

    Returns
    -------
    DataFrame
        `within`, a column of text, and what `cxr.statistics.association.association_table` says of
        each other field against it, of the images where it is recorded; `q` is
        adjusted over all pairs. Fields that no image has are left out.
    """
    recorded = set(rows.columns[rows.notna().any()])
    names = [name for name in (target, *predictors) if name in recorded]
    publication = [PUBLICATION] if PUBLICATION in recorded else []
    numbers = [name for name in names if pd.api.types.is_numeric_dtype(rows[name])]
    texts = [name for name in names if name not in numbers]
    tables = []
    for number, name in enumerate(texts):
        others = [*texts[number + 1 :], *numbers, *(publication if name == target else [])]
        if not others:
            continue
        subset = rows.loc[rows[name].notna()]
        codes = np.unique(subset[name].to_numpy(dtype=np.str_), return_inverse=True)[1]
        patients = subset["patient_id"].to_numpy(dtype=np.str_)
        table = association.association_table(codes, patients, subset[others], permutations, seed)
        tables.append(table.assign(within=name))
    if not tables:
        return pd.DataFrame(columns=list(COLUMNS))
    return association.adjust_p_values(pd.concat(tables, ignore_index=True)[list(COLUMNS)])
