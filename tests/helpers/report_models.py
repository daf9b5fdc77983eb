"""What the page knows of a made-up model."""

from cxr.evidence.verdict import NO_CLUSTERS, UNEXPLAINED

LIMITS = {"alpha": 0.05, "effect": 0.5, "jaccard": 0.75}


def evidence_of(p=0.005, dip=0.001, jaccard=0.9, verdict=None):
    """The parts of an evidence document that the first screen reads."""
    clusters = [{"cluster": k, "mean": jaccard, "low": jaccard, "high": 1.0} for k in range(3)]
    decided = NO_CLUSTERS if p > LIMITS["alpha"] else UNEXPLAINED
    return {
        "nulls": {"gaussian": {"p": p}},
        "separation": {"p": dip},
        "stability": {"bootstrap": {"repetitions": 9, "clusters": clusters}},
        "too_small": [],
        "n_clusters": 3,
        "insufficient": None,
        "thresholds": LIMITS,
        "verdict": {"verdict": verdict or decided, "sentence": ""},
    }


def field_row(name, effect, q):
    """A field's association with the clusters."""
    row = {"field": name, "missing": "level", "measure": "cramers_v", "effect": effect}
    return row | {"p": q / 2, "q": q}


def model_of(evidence, associations, clusters=3, confounding=None):
    """A model with its evidence and associations."""
    cell = {"n_clusters": clusters} if clusters else None
    model = {"name": "net", "cell": cell, "evidence": evidence, "associations": associations}
    return model | {"confounding": confounding}
