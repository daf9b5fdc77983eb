"""The order in which the images of a class are drawn."""

import zlib
from collections.abc import Sequence

import numpy as np
import pandas as pd

from cxr.metadata.findings import keys


def wanted(findings: Sequence[str]) -> list[frozenset[str]]:
    """The keys of the terms of each of a rule's findings that has some."""
    return [terms for finding in findings if (terms := keys(finding))]


def draw_order(members: pd.DataFrame, first: Sequence[str], seed: int, name: str) -> pd.Index:
    """The index of the rows of a group in the order in which they are drawn.

    Patients are the independent units, so images are drawn in rounds: one of
    every patient in random order, then a second of those who have one, and so on.

    Parameters
    ----------
    members : DataFrame
        With `finding` and `patient_id`, sorted by image_id.
    first : sequence of str
        Findings whose images come before the others.
    seed : int
    name : str
        Of the group: what is drawn of one does not depend on the others.
    """
    rng = np.random.default_rng([seed, zlib.crc32(name.encode())])
    shuffled = members.iloc[rng.permutation(len(members))]
    preferred = wanted(first)
    numbers, findings = pd.factorize(shuffled["finding"], use_na_sentinel=False)
    later = [not any(terms <= keys(finding) for terms in preferred) for finding in findings]
    order = pd.DataFrame({"later": np.array(later, dtype=bool)[numbers]}, index=shuffled.index)
    order["round"] = shuffled.groupby(["patient_id", order["later"]]).cumcount()
    return order.sort_values(["later", "round"], kind="stable").index
