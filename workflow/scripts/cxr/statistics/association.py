"""Associations of clusters with recorded fields, tested by permutation of whole patients."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from cxr.statistics.bootstrap import bootstrap_values, percentile_interval
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
    """One field's values and the clusters, of the images that are compared."""

    clusters: np.ndarray
    patients: np.ndarray
    levels: np.ndarray
    numbers: np.ndarray | None

    def statistic(self) -> float:
        """What is compared with its permutations; greater is more associated."""
        if self.numbers is not None:
            return self.effect_size()
        return float(chi_square(_tables(self.clusters, self.levels)))

    def effect_size(self) -> float:
        """The correlation ratio, or the bias-corrected Cramer's V."""
        if self.numbers is not None:
            return float(self.weighted_effect_sizes(np.ones((1, len(self.numbers))))[0])
        return float(cramers_v(_tables(self.clusters, self.levels)))

    def weighted_effect_sizes(self, weights: np.ndarray) -> np.ndarray:
        """The effect size under each weighting of the images, shape (r,)."""
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
    from scipy.sparse import csr_array

    places = (np.ones(len(cell)), cell, np.arange(len(cell) + 1))
    return (weights @ csr_array(places, shape=(len(cell), k * m))).reshape(-1, k, m)


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
    rows: list[dict[str, Any]] = []
    for name in fields.columns:
        field = fields[name]
        for missing in (MISSING_AS_LEVEL, MISSING_DROPPED):
            if missing == MISSING_DROPPED and _is_complete_text(field):
                rows.append(rows[-1] | {"missing": missing})
                continue
            rows.append(
                _association(str(name), missing, clusters, patients, field, permutations, seed)
            )
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


def _is_complete_text(field: pd.Series) -> bool:
    """Whether a field is the same with missing values as a level and without them."""
    return bool(field.notna().all()) and not pd.api.types.is_numeric_dtype(field)


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
    comparison = _comparison(clusters, patients, field, missing)
    row |= {"images": len(comparison.clusters), "patients": len(np.unique(comparison.patients))}
    row["levels"] = len(np.unique(comparison.levels))
    row["measure"] = "cramers_v" if comparison.numbers is None else "correlation_ratio"
    if row["levels"] < 2 or len(np.unique(comparison.clusters)) < 2:
        return row
    from sklearn.metrics import adjusted_mutual_info_score

    effect_sizes = comparison.weighted_effect_sizes
    values = bootstrap_values(effect_sizes, comparison.patients, REPLICATES, seed)
    interval = percentile_interval(_less_bias(values))
    row |= {"effect": interval["value"], "low": interval["low"], "high": interval["high"]}
    row |= _permutation_test(comparison, permutations, seed)
    row["ami"] = float(adjusted_mutual_info_score(comparison.clusters, comparison.levels))
    return row


def _less_bias(effects: np.ndarray) -> np.ndarray:
    """An effect size and its bootstrap replicates less the bootstrap's bias, 0 to 1.

    References
    ----------
    B. Efron, R. Tibshirani, "An introduction to the bootstrap", 1993, chapter 10.
    """
    observed, replicates = effects[0], effects[1:]
    defined = replicates[np.isfinite(replicates)]
    bias = np.median(defined) - observed if len(defined) else 0.0
    return np.clip(np.concatenate([[observed], replicates - bias]), 0, 1)


def _comparison(
    clusters: np.ndarray, patients: np.ndarray, field: pd.Series, missing: str
) -> _Comparison:
    recorded = field.notna().to_numpy()
    kept = (clusters >= 0) & (recorded | (missing == MISSING_AS_LEVEL))
    values = field[kept]
    numeric = pd.api.types.is_numeric_dtype(field)
    levels = np.unique(level_names(values), return_inverse=True)[1]
    numbers = values.to_numpy(dtype=np.float64) if numeric and missing == MISSING_DROPPED else None
    cluster_codes = np.unique(clusters[kept], return_inverse=True)[1]
    return _Comparison(cluster_codes, patients[kept], levels, numbers)


def level_names(values: pd.Series) -> np.ndarray:
    """A field's values as levels, str of shape (n,): missing is one, numbers are in fifths."""
    text = _fifths(values) if pd.api.types.is_numeric_dtype(values) else values.astype("str")
    return text.where(values.notna().to_numpy(), MISSING).to_numpy(dtype=np.str_)


def _fifths(values: pd.Series) -> pd.Series:
    """The fifth of the range of ranks that each number is in, as text."""
    ranks = values.astype("float64").rank(method="average", pct=True)
    return np.ceil(ranks * BINS).astype("str")


def _permutation_test(
    comparison: _Comparison, permutations: int, seed: int
) -> dict[str, float | None]:
    """The p value of an association and its mean effect under permutation.

    `p` is the share of the permutations, the data counted as one, that are at least as
    strongly associated, and `null_mean` their mean effect, null where none is defined.
    """
    rng, permutation = np.random.default_rng(seed), PatientPermutation(comparison.patients)
    observed = comparison.statistic() * (1 - 1e-12)
    n_as_good, effects = 1, []
    for _ in range(permutations):
        source = permutation.draw(rng)
        numbers = None if comparison.numbers is None else comparison.numbers[source]
        permuted = replace(comparison, levels=comparison.levels[source], numbers=numbers)
        n_as_good += permuted.statistic() >= observed
        effects.append(permuted.effect_size())
    defined = np.array(effects)[np.isfinite(effects)]
    null_mean = float(defined.mean()) if len(defined) else None
    return {"p": n_as_good / (1 + permutations), "null_mean": null_mean}


def stratified_association(
    clusters: np.ndarray,
    patients: np.ndarray,
    field: pd.Series,
    stratifier: pd.Series,
    permutations: int,
    seed: int,
) -> dict[str, Any]:
    """A field against the clusters within the levels of another field, the stratifier.

    The statistic is the sum of chi-square over the strata, as in a stratified
    contingency analysis; whole patients are exchanged within strata alone.

    Returns
    -------
    dict
        `images`, `patients`, `strata`; `exchangeable`, the patients in a stratum with
        others; `p`, null where none of them is.
    """
    kept = (clusters >= 0) & field.notna().to_numpy() & stratifier.notna().to_numpy()
    cluster_codes = np.unique(clusters[kept], return_inverse=True)[1]
    levels = np.unique(field[kept].to_numpy(dtype=np.str_), return_inverse=True)[1]
    strata = np.unique(stratifier[kept].to_numpy(dtype=np.str_), return_inverse=True)[1]
    owners = patients[kept]
    result: dict[str, Any] = {
        "images": int(kept.sum()),
        "patients": len(np.unique(owners)),
        "strata": len(np.unique(strata)),
        "exchangeable": 0,
        "p": None,
    }
    if not kept.any():
        return result
    permutation = PatientPermutation(owners, strata)
    result["exchangeable"] = permutation.exchangeable
    # A stratum of one level, or of one cluster, holds no information.
    informative = any(
        len(np.unique(levels[strata == s])) > 1 and len(np.unique(cluster_codes[strata == s])) > 1
        for s in np.unique(strata)
    )
    if not informative or not permutation.exchangeable:
        return result
    k, m, s = cluster_codes.max() + 1, levels.max() + 1, strata.max() + 1

    def statistic(permuted: np.ndarray) -> float:
        cell = (strata * k + cluster_codes) * m + permuted
        tables = np.bincount(cell, minlength=s * k * m).reshape(s, k, m).astype(np.float64)
        return float(chi_square(tables).sum())

    rng = np.random.default_rng(seed)
    observed = statistic(levels) * (1 - 1e-12)
    n_as_good = sum(
        statistic(levels[permutation.draw(rng)]) >= observed for _ in range(permutations)
    )
    result["p"] = (1 + n_as_good) / (1 + permutations)
    return result
