"""A first look at a study: the same chain with few images, epochs, maps and simulations."""

from collections.abc import Mapping
from typing import Any

from cxr.config.catalogue.controls import PIXELS
from cxr.config.catalogue.null_models import PRIMARY
from cxr.config.evidence import fewest_simulations
from cxr.config.networks import Phase

SUFFIX = "-quick"
PER_CLASS = 60
SIDE = 96
PERPLEXITIES = 3
# Phases by whether a network starts from pre-trained weights.
PHASES = {
    False: (Phase(epochs=12, learning_rate=3e-3, keep="last"),),
    True: (Phase(epochs=2, frozen=True, learning_rate=3e-3), Phase(epochs=4)),
}


def quick_study(study: Mapping[str, Any]) -> dict[str, Any]:
    """A resolved study made small; its results lie in a folder of their own.

    What the study asks for less of already stays as it is. It says too little for a
    verdict to rely on, and its title says so.

    Parameters
    ----------
    study : mapping
        As `resolve` returns it.
    """
    quick = {
        **study,
        "study": f"{study['study']}{SUFFIX}",
        "report": {**study["report"], "title": f"A quick look: {study['report']['title']}"},
        "embedding": {
            **study["embedding"],
            "perplexities": _spread(study["embedding"]["perplexities"]),
            "seeds": study["embedding"]["seeds"][:1],
        },
        "evaluation": {
            **study["evaluation"],
            "folds": None,
            "leave_source_out": False,
            "random_split": False,
        },
        "analysis": None,
    }
    if study["cohort"] is not None:
        quick["cohort"] = _cohort(study["cohort"])
        quick["models"] = {
            name: _model(model, quick["cohort"]["image_size"])
            for name, model in study["models"].items()
        }
    if study["evidence"] is not None:
        quick["evidence"] = _evidence(study["evidence"])
    if study["similarity"] is not None:
        baselines = [name for name in study["similarity"]["baselines"] if name == PIXELS]
        quick["similarity"] = {**study["similarity"], "baselines": baselines, "folds": None}
    return quick


def _spread(values: list[float]) -> list[float]:
    """The first and the last value and some between."""
    if len(values) <= PERPLEXITIES:
        return values
    steps = range(PERPLEXITIES)
    return [values[round(step * (len(values) - 1) / (PERPLEXITIES - 1))] for step in steps]


def _cohort(cohort: Mapping[str, Any]) -> dict[str, Any]:
    per_class = cohort["per_class"]
    if per_class == "all":
        per_class = dict.fromkeys(cohort["classes"], PER_CLASS)
    elif isinstance(per_class, Mapping):
        per_class = {name: min(number, PER_CLASS) for name, number in per_class.items()}
    else:
        per_class = min(per_class, PER_CLASS) if isinstance(per_class, int) else PER_CLASS
    return {**cohort, "per_class": per_class, "image_size": min(cohort["image_size"], SIDE)}


def _model(model: Mapping[str, Any], side: int) -> dict[str, Any]:
    phases = PHASES[model["weights"] != "none"]
    asked = model["training"]["phases"]
    if sum(phase["epochs"] for phase in asked) <= sum(phase.epochs for phase in phases):
        plain = [{**phase, "image_size": min(phase["image_size"], side)} for phase in asked]
    else:
        plain = [{**phase.model_dump(mode="json"), "image_size": side} for phase in phases]
    return {**model, "training": {**model["training"], "phases": plain}}


def _evidence(evidence: Mapping[str, Any]) -> dict[str, Any]:
    alpha = evidence["thresholds"]["alpha"]
    limits = {
        "perplexities": PERPLEXITIES,
        "permutations": max(199, fewest_simulations(alpha)),
        "replicates": max(39, fewest_simulations(alpha)),
        "resamples": 10,
        "splits": 5,
        "sample": 200,
        "samples": 1,
    }
    return {
        **evidence,
        **{key: min(evidence[key], limit) for key, limit in limits.items()},
        "nulls": [PRIMARY],
        "controls": [name for name in evidence["controls"] if name == PIXELS],
        "training_seeds": [],
    }
