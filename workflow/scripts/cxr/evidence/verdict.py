"""From the numbers to one of four verdicts, by rules that the config states."""

from collections.abc import Mapping
from typing import Any

from cxr.config.catalogue.controls import CONTROLS
from cxr.config.catalogue.null_models import PRIMARY
from cxr.evidence.covariates import field_name
from cxr.evidence.thresholds import Thresholds

NO_CLUSTERS = "no clusters beyond chance"
EXPLAINED = "clusters, explained by {field}"
UNEXPLAINED = "clusters, stable, not explained by recorded fields"
INCONCLUSIVE = "inconclusive: {reason}"
NOT_CONFIRMED = "agreement consistent with chance, no separation in held-out patients"
CONTRADICTED = "no sign of separation in held-out patients"
UNSTABLE = "unstable under resampling or re-initialisation"
# The adjusted Rand index from which the clusters of a control are the same.
SAME_CLUSTERS = 0.5


def decide(document: Mapping[str, Any], thresholds: Thresholds) -> dict[str, str]:
    """The verdict on a study's clusters, and the sentences that give its numbers.

    The rules, in this order:

    1. Too few images or patients, or no usable cell, also in the maps of a sample:
       inconclusive.
    2. The consensus of the best clustering is consistent with the primary null
       (p > alpha): no clusters beyond chance.
    3. Nothing confirms the clusters (`is_confirmed`): inconclusive, since one bent,
       skewed or unevenly dense cloud may have a higher consensus than the null.
    4. A cluster is unstable (mean Jaccard, over the kinds of repetition, below
       the threshold), or all are too small for the samples: inconclusive.
    5. A recorded field is associated (q <= alpha, effect at least the threshold):
       explained by the one with the highest adjusted mutual information.
    6. Otherwise: stable and not explained.

    Parameters
    ----------
    document : mapping
        `n_clusters, n_sampled, nulls, separation, stability, too_small, controls,
        explained_by` as in the evidence document; `insufficient`, a reason to stop at
        once, or null.
    thresholds : Thresholds

    Returns
    -------
    dict
        `verdict`, `sentence`.
    """
    label, sentence = _rules(document, thresholds)
    return {"verdict": label, "sentence": sentence}


def _rules(  # noqa: PLR0911 - a return for each rule
    document: Mapping[str, Any], thresholds: Thresholds
) -> tuple[str, str]:
    if document["insufficient"] is not None:
        reason = document["insufficient"]
        return INCONCLUSIVE.format(reason=reason), f"No verdict is possible: {reason}."
    null, dip_p = document["nulls"][PRIMARY], document["separation"]["p"]
    consensus = null["consensus"]
    if consensus["observed"] is None:
        maps = document["search"]["maps"]
        reason = f"{maps} maps of {document['n_sampled']} images have no usable clustering"
        return INCONCLUSIVE.format(reason=reason), f"No verdict is possible: {reason}."
    significance = (
        f"a consensus (agreement of perplexities and DBCV) of {consensus['observed']:.2f} is "
        f"reached in {consensus['reached']} of {null['replicates']} null simulations; "
        f"p = {null['p']:.3f}"
    )
    if null["p"] > thresholds.alpha:
        return (
            NO_CLUSTERS,
            f"The {document['n_clusters']} clusters are consistent with chance: {significance}.",
        )
    separation = f"held-out patients along the clusters' axes: dip test p {format_p(dip_p)}"
    confirmation = f"p of the agreement alone {format_p(null['agreement']['p'])}, {separation}"
    if not is_confirmed(null["agreement"]["p"], dip_p, thresholds.alpha):
        agrees = null["agreement"]["p"] <= thresholds.alpha
        why = (
            "one skewed or unevenly dense cloud agrees as much"
            if agrees
            else "nothing confirms them"
        )
        return (
            INCONCLUSIVE.format(reason=CONTRADICTED if agrees else NOT_CONFIRMED),
            f"The clusters are beyond chance ({significance}), but {why} ({confirmation}).",
        )
    small, jaccard = document["too_small"], least_stable(document["stability"])
    if len(small) == document["n_clusters"]:
        reason = f"clusters too small for samples of {document['n_sampled']} images"
        return (
            INCONCLUSIVE.format(reason=reason),
            f"The clusters are beyond chance ({significance}; {confirmation}), but their stability "
            "could not be assessed.",
        )
    stability = f"the least stable cluster has a mean Jaccard similarity of {jaccard:.2f}"
    if small:
        stability += f" ({len(small)} too small to be assessed)"
    if jaccard < thresholds.jaccard:
        return (
            INCONCLUSIVE.format(reason=UNSTABLE),
            f"The clusters are beyond chance ({significance}; {confirmation}), but {stability}.",
        )
    numbers = f"{significance[0].upper()}{significance[1:]}; {confirmation}; {stability}"
    field, shared = document["explained_by"], _shared(document, thresholds)
    if field is None:
        return (
            UNEXPLAINED,
            f"{numbers}. No recorded field explains the clusters.{shared}",
        )
    name = field_name(field["field"])
    return EXPLAINED.format(field=name), (
        f"{numbers}. They are associated with {name}: effect {field['effect']:.2f}, adjusted "
        f"mutual information {field['ami']:.2f}, q = {field['q']:.3f}.{shared}"
    )


def is_confirmed(agreement_p: float, dip_p: float, alpha: float) -> bool:
    """Whether clusters beyond chance are no single cloud of another shape than the null's.

    Held-out patients are separated, or the agreement between perplexities alone is beyond
    the null and held-out patients don't contradict it. A skewed or unevenly dense cloud of one
    piece agrees more than a Gaussian does, but its dip test has p = 1.

    Parameters
    ----------
    agreement_p : float
        By the null simulations.
    dip_p : float
        Of the separation test, at most 1.
    alpha : float
    """
    return dip_p <= alpha or (agreement_p <= alpha and dip_p < 1)


def format_p(p: float) -> str:
    """A p-value after "p": "= 0.034", or "< 0.001"."""
    return f"= {p:.3f}" if p >= 0.001 else "< 0.001"


def least_stable(stability: Mapping[str, Any]) -> float:
    """The mean Jaccard similarity of the least stable cluster.

    Every kind of repetition counts the same. Clusters too small for the samples are left
    out. 0 where nothing was repeated.
    """
    kinds = [[cluster["mean"] for cluster in kind["clusters"]] for kind in stability.values()]
    clusters = [[m for m in means if m is not None] for means in zip(*kinds, strict=True)]
    return min((sum(means) / len(means) for means in clusters if means), default=0.0)


def _shared(document: Mapping[str, Any], thresholds: Thresholds) -> str:
    """A sentence on the controls that have the same clusters, empty where none has."""
    same = [
        f"{CONTROLS[name].phrase} (agreement {result['adjusted_rand']:.2f})"
        for name, result in document["controls"].items()
        if result["p"] <= thresholds.alpha and result["adjusted_rand"] >= SAME_CLUSTERS
    ]
    if not same:
        return ""
    return f" The same clusters are in {', '.join(same)}: they are not about the disease alone."
