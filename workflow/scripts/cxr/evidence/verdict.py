"""From the numbers to one of four verdicts, by rules that the config states."""

from collections.abc import Mapping
from typing import Any

from cxr.config.catalogue.controls import CONTROLS
from cxr.config.catalogue.null_models import PRIMARY
from cxr.evidence.covariates import field_name

NONE = "no clusters beyond chance"
EXPLAINED = "clusters, explained by {field}"
UNEXPLAINED = "clusters, stable, not explained by recorded fields"
INCONCLUSIVE = "inconclusive: {missing}"
# What no clustering of images can show, whatever it finds.
LIMIT = (
    "Clusters of images can't show kinds of a virus: images record the patient, the disease's "
    "stage, the scanner and the publisher at once, and no genome was read."
)
# The adjusted Rand index from which the clusters of a control are the same.
SAME = 0.5


def decide(weighed: Mapping[str, Any], thresholds: Mapping[str, Any]) -> dict[str, str]:
    """The verdict on a study's clusters, and the sentences that give its numbers.

    The rules, in this order:

    1. Too few images or patients, or no usable cell, also in the maps that can be
       drawn of a sample: inconclusive.
    2. The search finds as much in the primary null (both statistics,
       Bonferroni-adjusted, p > alpha): no clusters beyond chance.
    3. Held-out patients don't fall into groups along the clusters' axes (dip test,
       p > alpha): inconclusive, since p-values of a null alone decide nothing.
    4. A cluster doesn't come back (mean Jaccard, over the kinds of repetition, below
       the threshold): inconclusive.
    5. A recorded field is associated (q <= alpha, effect at least the threshold):
       explained by the one with the highest adjusted mutual information.
    6. Otherwise: stable and not explained.

    Parameters
    ----------
    weighed : mapping
        `n_clusters, nulls, separation, stability, controls, explained_by` as in the
        evidence document; `insufficient`, a reason to stop at once, or null.
    thresholds : mapping
        The config's `evidence.thresholds`.

    Returns
    -------
    dict
        `verdict`, `sentence`, `limit`.
    """
    label, sentence = _rules(weighed, thresholds)
    return {"verdict": label, "sentence": sentence, "limit": LIMIT}


def _rules(weighed: Mapping[str, Any], t: Mapping[str, Any]) -> tuple[str, str]:
    if weighed["insufficient"] is not None:
        reason = weighed["insufficient"]
        return INCONCLUSIVE.format(missing=reason), f"Nothing can be said: {reason}."
    null, dip = weighed["nulls"][PRIMARY], weighed["separation"]["p"]
    balance, dbcv = null["balance_score"], null["dbcv"]
    weakest = least_stable(weighed["stability"])
    if balance["observed"] is None:
        maps = weighed["search"]["maps"]
        reason = f"{maps} maps of {weighed['n_sampled']} images have no usable cell"
        return INCONCLUSIVE.format(missing=reason), f"Nothing can be said: {reason}."
    chance = (
        f"in {null['replicates']} draws of features without clusters the same search did at least "
        f"as well in {balance['reached']} (balance score {_number(balance, 0)}) and "
        f"{dbcv['reached']} (DBCV {_number(dbcv, 2)}); adjusted p = {null['p']:.3f}"
    )
    if null["p"] > t["alpha"]:
        return NONE, f"The {weighed['n_clusters']} clusters are no more than luck gives: {chance}."
    apart = f"held-out patients along the clusters' axes: dip test p {format_p(dip)}"
    if dip > t["alpha"]:
        return (
            INCONCLUSIVE.format(missing="held-out patients do not fall into the clusters"),
            f"The map has more structure than draws without clusters ({chance}), but the clusters "
            f"are not apart in the features ({apart}).",
        )
    steady = f"the least stable cluster has a mean Jaccard similarity of {weakest:.2f}"
    if weakest < t["jaccard"]:
        return (
            INCONCLUSIVE.format(missing="the clusters change with patients or starts"),
            f"The clusters are more than chance ({chance}; {apart}), but {steady}.",
        )
    beyond = f"{chance[0].upper()}{chance[1:]}; {apart}; {steady}"
    explaining, shared = weighed["explained_by"], _shared(weighed, t)
    if explaining is None:
        return (
            UNEXPLAINED,
            f"{beyond}. No recorded field explains the clusters.{_shared(weighed, t)}",
        )
    name = field_name(explaining["field"])
    return EXPLAINED.format(field=name), (
        f"{beyond}. They follow {name}: effect {explaining['effect']:.2f}, adjusted mutual "
        f"information {explaining['ami']:.2f}, q = {explaining['q']:.3f}.{shared}"
    )


def format_p(p: float) -> str:
    """A p-value after "p": "= 0.034", or "< 0.001"."""
    return f"= {p:.3f}" if p >= 0.001 else "< 0.001"


def least_stable(stability: Mapping[str, Any]) -> float:
    """The mean Jaccard similarity of the cluster that comes back least.

    Every kind of repetition counts the same. 0 where nothing was repeated.
    """
    kinds = [[cluster["mean"] for cluster in kind["clusters"]] for kind in stability.values()]
    return min((sum(one) / len(one) for one in zip(*kinds, strict=True)), default=0.0)


def _number(statistic: Mapping[str, Any], digits: int) -> str:
    """What was observed, in words where no searched cell has it."""
    value = statistic["observed"]
    return "of no cell" if value is None else f"{value:.{digits}f}"


def _shared(weighed: Mapping[str, Any], t: Mapping[str, Any]) -> str:
    """A sentence on the controls that have the same clusters, empty where none has."""
    same = [
        f"{CONTROLS[name].phrase} (agreement {found['adjusted_rand']:.2f})"
        for name, found in weighed["controls"].items()
        if found["p"] <= t["alpha"] and found["adjusted_rand"] >= SAME
    ]
    if not same:
        return ""
    return f" The same clusters are in {', '.join(same)}: they are not about the disease alone."
