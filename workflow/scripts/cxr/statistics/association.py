"""Associations of clusters with recorded fields, tested by permutation of whole patients."""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from cxr.statistics.bootstrap import bootstrap_values, percentile_interval
from cxr.statistics.effect_size import chi_square, correlation_ratio, count_codes, cramers_v
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

    @property
    def is_tested(self) -> bool:
        """Whether there are two levels, and two clusters, to be associated."""
        return len(np.unique(self.levels)) > 1 and len(np.unique(self.clusters)) > 1

    @property
    def table_size(self) -> int:
        """Cells of its contingency table."""
        return int((self.clusters.max() + 1) * (self.levels.max() + 1))

    def permuted(self, sources: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The statistic, greater is more associated, and the effect size under permutations.

        Parameters
        ----------
        sources : int array, shape (b, n)
            As from `PatientPermutation.draws`.

        Returns
        -------
        statistics, effects : float array, shape (b,)
        """
        if self.numbers is not None:
            ones = np.ones(sources.shape)
            effects = correlation_ratio(self.numbers[sources], self.clusters, ones)
            return effects, effects
        codes = self.clusters * (self.levels.max() + 1) + self.levels[sources]
        shape = (len(sources), self.clusters.max() + 1, self.levels.max() + 1)
        tables = count_codes(codes, self.table_size).reshape(shape)
        return chi_square(tables), cramers_v(tables)

    def weighted_effect_sizes(self, weights: np.ndarray) -> np.ndarray:
        """The effect size under each weighting of the images, shape (r,)."""
        if self.numbers is not None:
            return correlation_ratio(self.numbers, self.clusters, weights)
        from scipy.sparse import csr_array

        k, m = self.clusters.max() + 1, self.levels.max() + 1
        cell = self.clusters * m + self.levels
        places = (np.ones(len(cell)), cell, np.arange(len(cell) + 1))
        return cramers_v((weights @ csr_array(places, shape=(len(cell), k * m))).reshape(-1, k, m))


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
    comparisons = {
        (str(name), missing): _comparison(clusters, patients, fields[name], missing)
        for missing in (MISSING_AS_LEVEL, MISSING_DROPPED)
        for name in fields.columns
        if missing == MISSING_AS_LEVEL or not _is_complete_text(fields[name])
    }
    tested = {key: comparison for key, comparison in comparisons.items() if comparison.is_tested}
    tests = dict(zip(tested, _permutation_tests(tested.values(), permutations, seed), strict=True))
    rows = {
        key: {**_association(*key, comparison, seed), **tests.get(key, {})}
        for key, comparison in comparisons.items()
    }
    for name in map(str, fields.columns):
        complete = rows[name, MISSING_AS_LEVEL] | {"missing": MISSING_DROPPED}
        rows.setdefault((name, MISSING_DROPPED), complete)
    table = pd.DataFrame(list(rows.values()), columns=list(ASSOCIATION_COLUMNS))
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


def _association(name: str, missing: str, comparison: _Comparison, seed: int) -> dict[str, Any]:
    """A row of the table, without the permutation test."""
    row: dict[str, Any] = dict.fromkeys(ASSOCIATION_COLUMNS) | {"field": name, "missing": missing}
    row |= {"images": len(comparison.clusters), "patients": len(np.unique(comparison.patients))}
    row["levels"] = len(np.unique(comparison.levels))
    row["measure"] = "cramers_v" if comparison.numbers is None else "correlation_ratio"
    if not comparison.is_tested:
        return row
    from sklearn.metrics import adjusted_mutual_info_score

    effect_sizes = comparison.weighted_effect_sizes
    values = bootstrap_values(effect_sizes, comparison.patients, REPLICATES, seed)
    interval = percentile_interval(_less_bias(values))
    row |= {"effect": interval["value"], "low": interval["low"], "high": interval["high"]}
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


def _permutation_tests(
    comparisons: Collection[_Comparison], permutations: int, seed: int
) -> list[dict[str, float | None]]:
    """The p value of each association and its mean effect under permutation.

    `p` is the share of the permutations, the data counted as one, that are at least as
    strongly associated, and `null_mean` their mean effect, null where none is defined.
    Comparisons of the same images share their permutations.
    """
    alike = defaultdict(list)
    for place, comparison in enumerate(comparisons):
        alike[comparison.patients.tobytes()].append((place, comparison))
    counts = np.ones(len(comparisons), np.int64)
    effects: list[list[np.ndarray]] = [[] for _ in comparisons]
    for group in alike.values():
        owners, rng = group[0][1].patients, np.random.default_rng(seed)
        identity = np.arange(len(owners))[None]
        observed = [comparison.permuted(identity)[0] * (1 - 1e-12) for _, comparison in group]
        largest = max(len(owners), *(comparison.table_size for _, comparison in group))
        for sources in PatientPermutation(owners).blocks(rng, permutations, largest):
            for (place, comparison), reached in zip(group, observed, strict=True):
                statistics, effect_sizes = comparison.permuted(sources)
                counts[place] += (statistics >= reached).sum()
                effects[place].append(effect_sizes)
    defined = [values[np.isfinite(values)] for values in map(np.concatenate, effects)]
    return [
        {
            "p": float(count / (1 + permutations)),
            "null_mean": float(values.mean()) if len(values) else None,
        }
        for count, values in zip(counts, defined, strict=True)
    ]


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

    def statistics(permuted: np.ndarray) -> np.ndarray:
        codes = (strata * k + cluster_codes) * m + permuted
        tables = count_codes(codes, s * k * m).reshape(-1, s, k, m)
        return chi_square(tables).sum(axis=1)

    observed = statistics(levels[None]) * (1 - 1e-12)
    rng = np.random.default_rng(seed)
    blocks = permutation.blocks(rng, permutations, max(len(owners), s * k * m))
    n_as_good = sum(int((statistics(levels[sources]) >= observed).sum()) for sources in blocks)
    result["p"] = (1 + n_as_good) / (1 + permutations)
    return result
