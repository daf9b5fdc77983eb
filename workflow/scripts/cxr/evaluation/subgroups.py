"""A network's rates in subgroups of its test images, and which of their differences are real."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from typing import Any

import numpy as np
import pandas as pd

from cxr.config.catalogue.fields import own_fields
from cxr.evaluation.classification import confusion_matrices
from cxr.evaluation.field_study import FieldStudy, TestImages
from cxr.evaluation.gaps import METRICS, Placements, differences
from cxr.statistics.association import level_names
from cxr.statistics.bootstrap import REPLICATES, bootstrap_values, percentile_interval
from cxr.statistics.metrics import class_rates, roc_auc
from cxr.statistics.permutation import PatientPermutation

FIELDS = ("view", "sex", "age_band", "source", "country")
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

# Metric, class, level, and the classes within which it is compared.
_Test = tuple[str, int, int, Sequence[int]]


@dataclass(frozen=True)
class _Levels:
    """One field's levels among the test images where it is recorded."""

    test: TestImages
    codes: np.ndarray
    names: Sequence[str]

    @cached_property
    def placements(self) -> Placements:
        return Placements(self.test.labels, self.test.probabilities)

    def rates(self, members: np.ndarray, weights: np.ndarray) -> dict[str, np.ndarray]:
        """Each metric of each class among the members under weightings, shape (r, c)."""
        labels, probabilities = self.test.labels[members], self.test.probabilities[members]
        c, own = probabilities.shape[1], weights[:, members]
        confusion = confusion_matrices(labels, probabilities.argmax(axis=1), c, own)
        areas = [roc_auc(probabilities[:, k], labels == k, own) for k in range(c)]
        return {**class_rates(confusion), "roc_auc": np.stack(areas, axis=1)}

    def patients(self, members: np.ndarray) -> np.ndarray:
        """Patients of each class among the members."""
        classes = range(self.test.probabilities.shape[1])
        owners, labels = self.test.patients[members], self.test.labels[members]
        return np.array([len(np.unique(owners[labels == k])) for k in classes])

    def strata(self, metric: str, k: int, members: np.ndarray) -> list[int]:
        """The classes within which members and others are compared: with patients enough."""
        enough = np.minimum(self.patients(members), self.patients(~members)) >= MIN_PATIENTS
        if metric == "sensitivity":
            return [k] if enough[k] else []
        if metric == "roc_auc" and not enough[k]:
            return []
        return [other for other in map(int, np.flatnonzero(enough)) if other != k]


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
        to the other test images where the field is recorded, among those of the same true
        classes: a level with more images of a class that is hard to tell is no subgroup that
        the network fails. Of two classes the first stands for both, and of a field with two
        levels the first has the difference. A rate needs five patients, a difference five
        of a class on both sides. `q` is `p` adjusted over all differences.

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
    rows: list[dict[str, Any]] = []
    tests: list[tuple[int, _Test]] = []
    shown = range(len(classes) if len(classes) > 2 else 1)
    for code, level in enumerate(levels.names):
        members = levels.codes == code
        patients = levels.patients(members)
        n_patients = len(np.unique(levels.test.patients[members]))
        if n_patients < MIN_PATIENTS:
            continue
        is_compared = len(levels.names) > 2 or (len(levels.names) == 2 and code == 0)
        keys = list(product(shown, METRICS))
        strata = [levels.strata(metric, k, members) if is_compared else [] for k, metric in keys]
        values = _values(levels, members, keys, strata, replicates, seed)
        for (k, metric), of_test, (rates, gaps) in zip(keys, strata, values, strict=True):
            row = dict.fromkeys(COLUMNS)
            row |= {"field": name, "level": level, "class": classes[k], "metric": metric}
            row |= {"images": int(members.sum()), "patients": n_patients}
            rows.append(row)
            n = _rated(metric, k, patients)
            if n < MIN_PATIENTS:
                continue
            row |= percentile_interval(rates, n if metric != "roc_auc" else None)
            if of_test:
                difference = percentile_interval(gaps)
                row["difference"] = difference["value"]
                row |= {f"difference_{end}": difference[end] for end in ("low", "high")}
                tests.append((len(rows) - 1, (metric, k, code, of_test)))
    for turn, count in enumerate((permutations, MORE * permutations)):
        places = [place for place, _ in tests]
        found = _p_values(levels, [test for _, test in tests], count, seed + turn)
        for place, p in zip(places, found, strict=True):
            rows[place]["p"] = p
        tests = [test for test, p in zip(tests, found, strict=True) if p <= NEAR]
    yield from rows


def _rated(metric: str, k: int, patients: np.ndarray) -> int:
    """Patients that a metric of class `k` rests on; of an AUC, of the rarer side."""
    sides = {"sensitivity": patients[k], "specificity": patients.sum() - patients[k]}
    return int(sides.get(metric, min(sides.values())))


def _values(
    levels: _Levels,
    members: np.ndarray,
    keys: Sequence[tuple[int, str]],
    strata: Sequence[Sequence[int]],
    replicates: int,
    seed: int,
) -> np.ndarray:
    """Each metric of the members and its difference to the others, with bootstrap replicates.

    Returns
    -------
    float array, shape (number of keys, 2, 1 + r)
    """

    def statistics(weights: np.ndarray) -> np.ndarray:
        rates = levels.rates(members, weights)
        inside, outside = (levels.placements.sums(weights * side) for side in (members, ~members))
        columns = []
        for (k, metric), of_test in zip(keys, strata, strict=True):
            columns += [rates[metric][:, k], differences(metric, k, of_test, inside, outside)]
        return np.stack(columns, axis=1)

    values = bootstrap_values(statistics, levels.test.patients, replicates, seed)
    return values.T.reshape(len(keys), 2, -1)


def _p_values(levels: _Levels, tests: Sequence[_Test], permutations: int, seed: int) -> list[float]:
    """The p value of each test: whether a level is any patients of its classes.

    Patients exchange their levels within their class, so that classes keep their shares in
    each level. `p` is the share of the permutations, the data counted as one, whose
    difference is at least as large.
    """
    if not tests:
        return []
    owners, rng = levels.test.patients, np.random.default_rng(seed)
    permutation = PatientPermutation(owners, levels.test.labels)
    observed = np.abs(_gaps(levels, tests, levels.codes[None]))
    counts, defined = np.ones(len(tests)), np.ones(len(tests))
    for sources in permutation.blocks(rng, permutations, len(owners)):
        gaps = np.abs(_gaps(levels, tests, levels.codes[sources]))
        defined += np.isfinite(gaps).sum(axis=1)
        counts += (gaps >= observed - 1e-12).sum(axis=1)
    return [float(p) for p in counts / defined]


def _gaps(levels: _Levels, tests: Sequence[_Test], codes: np.ndarray) -> np.ndarray:
    """The difference of each test under each row of codes of levels, shape (tests, r)."""
    sums = {}
    for code in dict.fromkeys(code for _, _, code, _ in tests):
        inside = (codes == code).astype(float)
        sums[code] = [levels.placements.sums(weights) for weights in (inside, 1 - inside)]
    return np.stack(
        [differences(metric, k, strata, *sums[code]) for metric, k, code, strata in tests]
    )


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
