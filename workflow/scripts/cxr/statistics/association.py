"""What the clusters go with: every recorded field against them, whole patients permuted."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from cxr.statistics.bootstrap import patient_weights, percentile_interval
from cxr.statistics.effect_size import chi_square, correlation_ratio, cramers_v
from cxr.statistics.permutation import PatientPermutation

REPLICATES = 500
BINS = 5
MISSING = "missing"
MISSING_AS_LEVEL, MISSING_DROPPED = "level", "dropped"
ASSOCIATION_COLUMNS = (
    "field",
    "missing",
    "images",
    "patients",
    "levels",
    "measure",
    "effect",
    "low",
    "high",
    "null_mean",
    "p",
    "q",
    "ami",
)


@dataclass(frozen=True)
class _Comparison:
    """One field's values beside the clusters, of the images where it counts."""

    clusters: np.ndarray
    patients: np.ndarray
    levels: np.ndarray
    numbers: np.ndarray | None

    def statistic(self) -> float:
        """What is compared with its permutations; greater is more associated."""
        if self.numbers is not None:
            return self.strength()
        return float(chi_square(_tables(self.clusters, self.levels)))

    def strength(self) -> float:
        """The strength of the association."""
        if self.numbers is not None:
            return float(self.effect(np.ones((1, len(self.numbers))))[0])
        return float(cramers_v(_tables(self.clusters, self.levels)))

    def effect(self, weights: np.ndarray) -> np.ndarray:
        """The strength of the association under each weighting, shape (r,)."""
        if self.numbers is not None:
            return correlation_ratio(self.numbers, self.clusters, weights)
        return cramers_v(_tables(self.clusters, self.levels, weights))


def _tables(
    clusters: np.ndarray, levels: np.ndarray, weights: np.ndarray | None = None
) -> np.ndarray:
    """Contingency tables: one, or one a row of weights."""
    k, m = clusters.max() + 1, levels.max() + 1
    cell = clusters * m + levels
    if weights is None:
        return np.bincount(cell, minlength=k * m).reshape(k, m).astype(np.float64)
    return (weights @ (cell[:, None] == np.arange(k * m))).reshape(-1, k, m)


def association_table(
    clusters: np.ndarray,
    patients: np.ndarray,
    fields: pd.DataFrame,
    permutations: int,
    seed: int,
) -> pd.DataFrame:
    """Every field against the clusters, strongest first.

    Permutations exchange whole patients: images of a patient share both their
    cluster and their fields, so that tests which permute images reject nearly
    always.

    Parameters
    ----------
    clusters : int array, shape (n,)
        Outliers (-1) take no part.
    patients : array of str, shape (n,)
    fields : DataFrame, n rows
        Text columns, and numeric ones, with nulls where nothing is recorded.
    permutations : int
    seed : int

    Returns
    -------
    DataFrame
        Columns as in `ASSOCIATION_COLUMNS`, two rows a field: with missing values as a
        level of their own (numbers then in fifths), and with them dropped.
        `effect` is the bias-corrected Cramer's V or the correlation ratio with
        its 95% bootstrap interval over patients, less the bootstrap's bias;
        `null_mean` is its mean under the permutations, which is far from 0 where few
        patients have many values; `q` is `p` adjusted over the fields; `ami` the
        adjusted mutual information.
        Without two levels all of them are null.

    References
    ----------
    Y. Benjamini, Y. Hochberg, "Controlling the false discovery rate", J. R.
    Stat. Soc. B 57, 1995. N. Vinh, J. Epps, J. Bailey, "Information theoretic
    measures for clusterings comparison", JMLR 11, 2010.
    """
    rows = [
        _association(str(name), missing, clusters, patients, fields[name], permutations, seed)
        for missing in (MISSING_AS_LEVEL, MISSING_DROPPED)
        for name in fields.columns
    ]
    table = pd.DataFrame(rows, columns=list(ASSOCIATION_COLUMNS))
    numbers = ["null_mean", "p", "q", "ami"]
    table[numbers] = table[numbers].astype("float64")
    return adjust_p_values(table).sort_values(
        ["missing", "ami", "effect", "field"],
        ascending=[False, False, False, True],
        ignore_index=True,
    )


def adjust_p_values(table: pd.DataFrame) -> pd.DataFrame:
    """The table with `q`, its `p` adjusted over the rows that treat missing values alike."""
    from scipy.stats import false_discovery_control

    table = table.copy()
    for missing in (MISSING_AS_LEVEL, MISSING_DROPPED):
        tested = (table["missing"] == missing) & table["p"].notna()
        if tested.any():
            table.loc[tested, "q"] = false_discovery_control(table.loc[tested, "p"])
    return table


def _association(
    name: str,
    missing: str,
    clusters: np.ndarray,
    patients: np.ndarray,
    field: pd.Series,
    permutations: int,
    seed: int,
) -> dict[str, Any]:
    row: dict[str, Any] = dict.fromkeys(ASSOCIATION_COLUMNS) | {"field": name, "missing": missing}
    question = _comparison(clusters, patients, field, missing)
    row |= {"images": len(question.clusters), "patients": len(np.unique(question.patients))}
    row["levels"] = len(np.unique(question.levels))
    row["measure"] = "cramers_v" if question.numbers is None else "correlation_ratio"
    if row["levels"] < 2 or len(np.unique(question.clusters)) < 2:
        return row
    from sklearn.metrics import adjusted_mutual_info_score

    found = percentile_interval(
        _centred(question.effect(patient_weights(question.patients, REPLICATES, seed)))
    )
    row |= {"effect": found["value"], "low": found["low"], "high": found["high"]}
    row |= _permute(question, PatientPermutation(question.patients), permutations, seed)
    row["ami"] = float(adjusted_mutual_info_score(question.clusters, question.levels))
    return row


def _centred(effects: np.ndarray) -> np.ndarray:
    """An effect and its replicates less the bias that drawing anew adds to them, 0 to 1.

    References
    ----------
    B. Efron, R. Tibshirani, "An introduction to the bootstrap", 1993, chapter 10.
    """
    own, drawn = effects[0], effects[1:]
    defined = drawn[np.isfinite(drawn)]
    bias = np.median(defined) - own if len(defined) else 0.0
    return np.clip(np.concatenate([[own], drawn - bias]), 0, 1)


def _comparison(
    clusters: np.ndarray, patients: np.ndarray, field: pd.Series, missing: str
) -> _Comparison:
    known = field.notna().to_numpy()
    kept = (clusters >= 0) & (known | (missing == MISSING_AS_LEVEL))
    chosen, known = field[kept], known[kept]
    numeric = pd.api.types.is_numeric_dtype(field)
    text = _fifths(chosen) if numeric else chosen.astype("str")
    levels = np.unique(text.where(known, MISSING).to_numpy(dtype=np.str_), return_inverse=True)[1]
    numbers = chosen.to_numpy(dtype=np.float64) if numeric and missing == MISSING_DROPPED else None
    used = np.unique(clusters[kept], return_inverse=True)[1]
    return _Comparison(used, patients[kept], levels, numbers)


def _fifths(values: pd.Series) -> pd.Series:
    """The fifth of the range of ranks that each number is in, as text."""
    ranks = values.astype("float64").rank(method="average", pct=True)
    return np.ceil(ranks * BINS).astype("str")


def _permute(
    question: _Comparison, exchange: PatientPermutation, permutations: int, seed: int
) -> dict[str, float | None]:
    """`p`, the share of the permutations, the data counted as one, that are at least as
    associated, and `null_mean`, their mean effect, null where none is defined."""
    rng = np.random.default_rng(seed)
    observed = question.statistic() * (1 - 1e-12)
    reached, effects = 1, []
    for _ in range(permutations):
        source = exchange.draw(rng)
        numbers = None if question.numbers is None else question.numbers[source]
        drawn = replace(question, levels=question.levels[source], numbers=numbers)
        reached += drawn.statistic() >= observed
        effects.append(drawn.strength())
    defined = np.array(effects)[np.isfinite(effects)]
    null_mean = float(defined.mean()) if len(defined) else None
    return {"p": reached / (1 + permutations), "null_mean": null_mean}


def stratified_association(
    clusters: np.ndarray,
    patients: np.ndarray,
    field: pd.Series,
    given: pd.Series,
    permutations: int,
    seed: int,
) -> dict[str, Any]:
    """A field against the clusters where another field is the same.

    The statistic is the sum of chi-square over the strata, as in a stratified
    contingency analysis; whole patients are exchanged within strata alone.

    Returns
    -------
    dict
        `images`, `patients`, `strata`; `exchangeable`, the patients in a stratum with
        others; `p`, null where none of them is.
    """
    known = (clusters >= 0) & field.notna().to_numpy() & given.notna().to_numpy()
    used = np.unique(clusters[known], return_inverse=True)[1]
    levels = np.unique(field[known].to_numpy(dtype=np.str_), return_inverse=True)[1]
    strata = np.unique(given[known].to_numpy(dtype=np.str_), return_inverse=True)[1]
    owner = patients[known]
    answer: dict[str, Any] = {
        "images": int(known.sum()),
        "patients": len(np.unique(owner)),
        "strata": len(np.unique(strata)),
        "exchangeable": 0,
        "p": None,
    }
    if not known.any():
        return answer
    exchange = PatientPermutation(owner, strata)
    answer["exchangeable"] = exchange.exchangeable
    # Within a stratum of one level, or of one cluster, nothing can be told.
    telling = any(
        len(np.unique(levels[strata == s])) > 1 and len(np.unique(used[strata == s])) > 1
        for s in np.unique(strata)
    )
    if not telling or not exchange.exchangeable:
        return answer
    k, m, s = used.max() + 1, levels.max() + 1, strata.max() + 1

    def statistic(permuted: np.ndarray) -> float:
        cell = (strata * k + used) * m + permuted
        tables = np.bincount(cell, minlength=s * k * m).reshape(s, k, m).astype(np.float64)
        return float(chi_square(tables).sum())

    rng = np.random.default_rng(seed)
    observed = statistic(levels) * (1 - 1e-12)
    reached = sum(statistic(levels[exchange.draw(rng)]) >= observed for _ in range(permutations))
    answer["p"] = (1 + reached) / (1 + permutations)
    return answer
