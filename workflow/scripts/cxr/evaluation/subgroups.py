"""A network's rates in subgroups of its test images, and which of their differences are real."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from cxr.config.catalogue.fields import own_fields
from cxr.evaluation.field_study import FieldStudy, TestImages
from cxr.statistics.association import level_names
from cxr.statistics.bootstrap import REPLICATES, bootstrap_values, percentile_interval
from cxr.statistics.metrics import roc_auc
from cxr.statistics.permutation import PatientPermutation

FIELDS = ("view", "sex", "age_band", "source", "country")
METRICS = ("sensitivity", "specificity", "roc_auc")
# Patients that a rate needs: with fewer, one of them moves it by more than a fifth.
MIN_PATIENTS = 5
PERMUTATIONS = 999
# A p value near its least possible one is computed again with as many more permutations, so
# that it can pass the adjustment over some hundred tests.
NEAR, MORE = 0.02, 10
ALPHA = 0.05  # false discovery rate among the differences
KEYS = ("field", "level", "class", "metric")
COLUMNS = (
    *KEYS,
    *("images", "patients", "value", "low", "high"),
    *("difference", "difference_low", "difference_high", "p", "q"),
)


@dataclass(frozen=True)
class _Levels:
    """One field's levels among the test images where it is recorded."""

    test: TestImages
    codes: np.ndarray
    names: Sequence[str]

    @cached_property
    def predicted(self) -> np.ndarray:
        return self.test.probabilities.argmax(axis=1)

    def rate(self, metric: str, k: int, weights: np.ndarray) -> np.ndarray:
        """A metric of class `k` against the rest under weightings, shape (r,)."""
        positive = self.test.labels == k
        if metric == "roc_auc":
            return roc_auc(self.test.probabilities[:, k], positive, weights)
        called = self.predicted == k
        of_rate = positive if metric == "sensitivity" else ~positive
        with np.errstate(invalid="ignore", divide="ignore"):
            correct = of_rate & (called == positive)
            return (weights @ correct) / (weights @ of_rate.astype(float))

    def patients(self, metric: str, k: int, members: np.ndarray) -> int:
        """Patients among the members that a metric rests on; of an AUC, of the rarer side."""
        positive = self.test.labels == k
        sides = {"sensitivity": (positive,), "specificity": (~positive,)}
        counts = [
            len(np.unique(self.test.patients[members & side]))
            for side in sides.get(metric, (positive, ~positive))
        ]
        return min(counts)


def subgroup_table(
    study: FieldStudy,
    seed: int,
    replicates: int = REPLICATES,
    permutations: int = PERMUTATIONS,
) -> pd.DataFrame:
    """Sensitivity, specificity and AUC of each class in each level of recorded fields.

    Parameters
    ----------
    study : FieldStudy
        The fields of `FIELDS` and own ones count, numbers in fifths.
    seed : int
    replicates : int
        Of the bootstrap over patients.
    permutations : int
        Of whole patients within their class, for the p value of a difference.

    Returns
    -------
    DataFrame
        A row a field, level, class and metric, columns as in `COLUMNS`. `difference` is
        the value less that of the other test images where the field is recorded. Of two
        classes the first stands for both, and of a field with two levels the first has the
        difference. A rate needs five patients, on both sides of a difference. `q` is `p`
        adjusted over all differences.

    References
    ----------
    Y. Benjamini, Y. Hochberg, "Controlling the false discovery rate", J. R. Stat. Soc. B 57,
    1995.
    """
    rows: list[dict[str, Any]] = []
    own = own_fields(study.fields.columns)
    for name in [field for field in (*FIELDS, *own) if field in study.fields]:
        levels = _levels(study, name)
        rows += _field_rows(name, levels, study.classes, replicates, permutations, seed)
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    numbers = [name for name in COLUMNS[6:] if name != "q"]
    table[numbers] = table[numbers].astype("float64")
    return _adjusted(table)


def _adjusted(table: pd.DataFrame) -> pd.DataFrame:
    """The table with `q`, its `p` adjusted by Benjamini and Hochberg."""
    from scipy.stats import false_discovery_control

    tested = table["p"].notna()
    q = pd.Series(np.nan, index=table.index)
    if tested.any():
        q[tested] = false_discovery_control(table.loc[tested, "p"])
    return table.assign(q=q)


def _levels(study: FieldStudy, name: str) -> _Levels:
    """The levels of a field among the test images, numbers as the ranges of their fifths."""
    field, test = study.fields[name], study.test
    levels = pd.Series(level_names(field), index=field.index)
    if pd.api.types.is_numeric_dtype(field):
        ranges = field.groupby(levels).agg(["min", "max"])
        words = {level: f"{low:g} to {high:g}" for level, low, high in ranges.itertuples()}
        levels = levels.map(words)
    ids = study.predictions["image_id"]
    recorded = field.loc[ids].notna().to_numpy()
    images = TestImages(
        test.labels[recorded], test.probabilities[recorded], test.patients[recorded]
    )
    of_test = levels.loc[ids].to_numpy()[recorded].astype(np.str_)
    # Levels in the order of their first image by value: texts by name, ranges by number.
    order = field[field.notna()].groupby(levels[field.notna()]).min().sort_values(kind="stable")
    names = [str(level) for level in order.index if level in set(of_test)]
    codes = np.array([names.index(level) for level in of_test], dtype=np.int64)
    return _Levels(images, codes, names)


def _field_rows(
    name: str,
    levels: _Levels,
    classes: Sequence[str],
    replicates: int,
    permutations: int,
    seed: int,
) -> Iterator[dict[str, Any]]:
    """The rows of a field, those of its first level first."""
    rows, tests = [], []
    shown = range(len(classes) if len(classes) > 2 else 1)
    for code, level in enumerate(levels.names):
        members = levels.codes == code
        patients = len(np.unique(levels.test.patients[members]))
        if patients < MIN_PATIENTS:
            continue
        is_compared = len(levels.names) > 2 or (len(levels.names) == 2 and code == 0)
        for k in shown:
            for metric in METRICS:
                row = dict.fromkeys(COLUMNS)
                row |= {"field": name, "level": level, "class": classes[k], "metric": metric}
                row |= {"images": int(members.sum()), "patients": patients}
                rows.append(row)
                n = [levels.patients(metric, k, side) for side in (members, ~members)]
                if n[0] < MIN_PATIENTS:
                    continue
                values = _values(levels, metric, k, members, replicates, seed)
                row |= percentile_interval(values[:, 0], n[0] if metric != "roc_auc" else None)
                if is_compared and n[1] >= MIN_PATIENTS:
                    difference = percentile_interval(values[:, 0] - values[:, 1])
                    row["difference"] = difference["value"]
                    row |= {f"difference_{end}": difference[end] for end in ("low", "high")}
                    tests.append((len(rows) - 1, (metric, k, code)))
    for turn, count in enumerate((permutations, MORE * permutations)):
        places = [place for place, _ in tests]
        found = _p_values(levels, [test for _, test in tests], count, seed + turn)
        for place, p in zip(places, found, strict=True):
            rows[place]["p"] = p
        tests = [test for test, p in zip(tests, found, strict=True) if p <= NEAR]
    yield from rows


def _values(
    levels: _Levels, metric: str, k: int, members: np.ndarray, replicates: int, seed: int
) -> np.ndarray:
    """A metric of the members and of the others, and bootstrap replicates, shape (1 + r, 2)."""

    def both(weights: np.ndarray) -> np.ndarray:
        sides = [levels.rate(metric, k, weights * side) for side in (members, ~members)]
        return np.stack(sides, axis=1)

    return bootstrap_values(both, levels.test.patients, replicates, seed)


def _p_values(
    levels: _Levels, tests: Sequence[tuple[str, int, int]], permutations: int, seed: int
) -> list[float]:
    """The p value of each test: whether a level's rate is that of any patients of its classes.

    Patients exchange their levels within their class, so that classes keep their shares in
    each level. `p` is the share of the permutations, the data counted as one, whose rate is at
    least as far from the mean of all.

    Parameters
    ----------
    tests : sequence of (metric, class, level)
    """
    if not tests:
        return []
    owners, rng = levels.test.patients, np.random.default_rng(seed)
    permutation = PatientPermutation(owners, levels.test.labels)
    drawn: list[list[np.ndarray]] = [[] for _ in tests]
    for sources in permutation.blocks(rng, permutations, len(owners)):
        permuted = levels.codes[sources]
        for values, (metric, k, code) in zip(drawn, tests, strict=True):
            values.append(levels.rate(metric, k, (permuted == code).astype(float)))
    found = []
    for values, (metric, k, code) in zip(drawn, tests, strict=True):
        observed = levels.rate(metric, k, (levels.codes == code).astype(float)[None])
        rates = np.concatenate([observed, *values])
        distances = np.abs(rates - np.nanmean(rates))
        found.append(float(np.mean(distances[np.isfinite(distances)] >= distances[0] - 1e-12)))
    return found


def largest_gap(table: pd.DataFrame) -> dict[str, Any]:
    """The largest difference of a subgroup, and how many remain after adjustment.

    Parameters
    ----------
    table : DataFrame
        As `subgroup_table` makes it.

    Returns
    -------
    dict
        `tested` and `remaining`, numbers of differences; `gap`: the row with the largest one
        of those that remain, or of all where none does, None where none was tested.
    """
    tested = table.loc[table["p"].notna()]
    remaining = tested.loc[tested["q"] <= ALPHA]
    chosen = remaining if len(remaining) else tested
    gap = None
    if len(chosen):
        gap = chosen.loc[chosen["difference"].abs().idxmax()].to_dict()
    return {"tested": len(tested), "remaining": len(remaining), "gap": gap}
