"""Features with a known truth, and what the tests of the evidence measure of them.

`calibration.py` counts these outcomes. Each is stored once, so that a table that was
interrupted goes on where it stopped, and another table uses the same ones.
"""

from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_rand_score
from tests.helpers import null_features
from tests.helpers.null_features import draw, patients, plant, sizes_of

from cxr.core.fingerprint import fingerprint
from cxr.core.io import read_json, write_json
from cxr.evidence.null_search import simulate_null
from cxr.evidence.resampling import ResamplingSettings, repeat_searches
from cxr.evidence.sample import Sample, SampleSettings
from cxr.evidence.search import SearchGrid, SearchSettings, search
from cxr.evidence.separation import separation_test
from cxr.evidence.stability import Stability
from cxr.evidence.thresholds import MinimumSize

# One test can reject at 5% from 19 simulations on; 39 make its level steadier.
REPLICATES = 39
# The level at which a statistic is looked at further.
ALPHA = 0.05
# Of a statistic, whether more is better.
RISING = {"consensus": True, "agreement": True, "balance_score": False, "dbcv": True}
SEARCH = SearchSettings(
    SearchGrid(
        perplexities=(5.0, 10.0, 20.0, 30.0, 40.0, 50.0),
        eps=tuple(i / 10 for i in range(1, 20)),
        min_samples=tuple(range(5, 20)),
        min_clusters=2,
        max_clusters=8,
        max_perplexity_share=1 / 3,
    ),
    n_perplexities=6,
)


@dataclass(frozen=True)
class Case:
    """Features with a known truth, and how they are searched.

    Attributes
    ----------
    kind : str
        One of `null_features.KINDS`, or "equal" or "unequal" groups.
    number : int
        Of the draw.
    n : int
        About so many images.
    distance : float
        Of the groups' centres; 0 for features of one piece.
    null : str
        A key of `cxr.config.catalogue.null_models.NULL_MODELS`.
    choose : str
        As the config's `clustering.choose`.
    units : int
        Of features of one piece.
    """

    kind: str
    number: int
    n: int = 175
    distance: float = 0.0
    null: str = "gaussian"
    choose: str = "consensus"
    units: int = null_features.UNITS

    def draw(self):
        """Features, patients, and the group of each image, or None."""
        sizes = sizes_of(self.n)
        rng = np.random.default_rng([2020, *self.kind.encode(), self.number])
        if not self.distance:
            features = draw(self.kind, rng, sizes, units=self.units)
            return features, patients(sizes), None
        n_groups = 2 + self.number % 4
        features, group = plant(n_groups, self.distance, rng, sizes, self.kind == "equal")
        return features, patients(sizes), group

    def path(self, folder):
        """Where the outcome is stored, by case and by the code that measured it."""
        name = "-".join(str(value) for value in asdict(self).values())
        return folder / code() / f"{name}.json"


def code():
    """A hash of what the outcomes depend on: this module, the draws, the library."""
    return "-".join(fingerprint(Path(file)) for file in (__file__, null_features.__file__))


def measure(case, folder=None):
    """The outcome of a case, from `folder` where it is stored there.

    Returns
    -------
    dict
        `observed` and `simulated` values of each statistic; `agreement` with the groups
        and that of k-means with the right number; where a statistic rejects at `ALPHA`
        also `dip` and the `stability` of each kind of repetition.
    """
    path = None if folder is None else case.path(Path(folder))
    if path is not None and path.exists():
        return read_json(path)
    outcome = compare(case, gates=True)
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_json(outcome, path)
    return outcome


def compare(case, gates=False):
    """The outcome of a case as `measure` has it; `dip` and `stability` with `gates` alone."""
    features, owners, group = case.draw()
    sample = Sample(np.array([f"i{i:05d}" for i in range(len(owners))]), features, owners)
    sampled = replace(SEARCH, grid=replace(SEARCH.grid, choose=case.choose))
    grid = sampled.grid_for(len(owners))
    result = search(features, grid)
    replicates = range(1, REPLICATES + 1)
    simulations = simulate_null(features, owners, grid, case.null, replicates, case.number)
    outcome = {
        "observed": {name: finite(getattr(result, name)) for name in RISING},
        "simulated": {name: [finite(value) for value in simulations[name]] for name in RISING},
        "n_clusters": result.n_clusters,
        "agreement": None if group is None else adjusted_rand_score(group, result.labels),
        "k_means": None if group is None else _k_means(features, group),
        "dip": None,
        "stability": None,
    }
    if gates and min(p_value(outcome, name) for name in RISING) <= ALPHA:
        outcome["dip"] = separation_test(features, owners, grid, 10, 0)["p"]
        outcome["stability"] = _stability(sample, sampled, result)
    return outcome


def _k_means(features, group):
    """How well k-means with the right number finds the groups, as adjusted Rand index."""
    found = KMeans(group.max() + 1, n_init=20, random_state=0).fit_predict(features)
    return adjusted_rand_score(group, found)


def _stability(sample, sampled, result):
    cell = {"method": "tsne", "algorithm": "dbscan", "reliable": True}
    cell |= {"perplexity": result.perplexity, "n_images": sample.n_images}
    settings = ResamplingSettings(
        resamples=20,
        seed=0,
        minimum=MinimumSize(10, 5),
        sample=SampleSettings(None, sample.n_images, 0),
        search=sampled,
    )
    ranking = pd.DataFrame([{**cell, "n_clusters": result.n_clusters}])
    repeats = repeat_searches(sample, [], ranking, settings)
    return Stability.of(result.labels, sample.image_ids, repeats).summary()


def finite(value):
    """A number as JSON has it; None where no cell was usable."""
    return float(value) if np.isfinite(value) else None


def p_value(outcome, *statistics):
    """The p value by a statistic, or by the best rank among several (Westfall and Young).

    Every simulation is ranked among the others and the observation in the same way, so
    that the smallest of several ranks is compared with its own distribution.
    """
    table = np.array(
        [[outcome["observed"][name], *outcome["simulated"][name]] for name in statistics], float
    )
    signs = np.array([1.0 if RISING[name] else -1.0 for name in statistics])
    table = np.where(np.isnan(table), -np.inf, table * signs[:, None])
    as_good = (table[:, None, :] >= table[:, :, None]).sum(axis=2).min(axis=0)
    return float((as_good <= as_good[0]).mean())


def share(count, total):
    """A share with its exact 95% binomial interval, in percent."""
    from scipy.stats import binomtest

    low, high = binomtest(int(count), int(total)).proportion_ci(0.95, method="exact")
    return f"{count} of {total} ({count / total:.1%}; {low:.1%} to {high:.1%})"
