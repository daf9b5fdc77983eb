"""Six lights of the first screen: a value, its threshold, and what it means, of one model."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cxr.config.catalogue.null_models import PRIMARY
from cxr.evaluation.confounding import HALF, TOLD
from cxr.evidence.covariates import field_name
from cxr.evidence.verdict import format_p, least_stable

GREEN, AMBER, RED, NONE = "green", "amber", "red", "none"
CONFOUNDED = {
    RED: "a field tells a class",
    AMBER: "a field may explain half of it",
    GREEN: "no field explains half of it",
    NONE: "not tested",
}


@dataclass(frozen=True)
class Light:
    """One light.

    Attributes
    ----------
    name : str
    status : str
        green, amber, red, or none where nothing was tested.
    word : str
        What the status means here.
    value, threshold : str
    link : str
        The id of the section with the numbers, without the place of the model.
    """

    name: str
    status: str
    word: str
    value: str
    threshold: str
    link: str


def lights(model: Mapping[str, Any], comparison: Mapping[str, Any] | None) -> list[Light]:
    """The six lights of a model.

    Parameters
    ----------
    model : mapping
        As `cxr.report.content.model` gives it, with its confounding.
    comparison : mapping or None
        As `cxr.report.content.comparison` gives it.
    """
    of_clusters = [
        _of_evidence(model["evidence"], *each)
        for each in (
            ("Significance", _significance),
            ("Separation", _separation),
            ("Stability", _stability),
        )
    ]
    return [*of_clusters, _association(model), _confounding(model), _quality(model, comparison)]


def associated(rows: Sequence[Mapping[str, Any]] | None) -> list[Mapping[str, Any]]:
    """The fields whose association with the clusters was tested, the largest effect first."""
    tested = [
        row
        for row in rows or []
        if row["missing"] == "level" and row["p"] is not None and row["effect"] is not None
    ]
    return sorted(tested, key=lambda row: (-row["effect"], row["field"]))


def _of_evidence(
    evidence: Mapping[str, Any] | None,
    name: str,
    light: Callable[[Mapping[str, Any]], tuple[str, str, str, str]],
) -> Light:
    """A light of the evidence; it is out where there is none, or too little."""
    if evidence is None:
        return Light(name, NONE, "not tested", "no null simulations", "", "evidence")
    if evidence["nulls"] is None:
        return Light(name, NONE, "not tested", evidence["insufficient"], "", "evidence")
    return Light(name, *light(evidence), "evidence")


def _significance(evidence: Mapping[str, Any]) -> tuple[str, str, str, str]:
    p, alpha = evidence["nulls"][PRIMARY]["p"], evidence["thresholds"]["alpha"]
    reached = p <= alpha
    word = "beyond chance" if reached else "consistent with chance"
    return GREEN if reached else RED, word, f"p {format_p(p)}", f"p ≤ {alpha:g}"


def _separation(evidence: Mapping[str, Any]) -> tuple[str, str, str, str]:
    p, alpha = evidence["separation"]["p"], evidence["thresholds"]["alpha"]
    reached = p <= alpha
    word = "separated in held-out patients" if reached else "no gap in held-out patients"
    return GREEN if reached else RED, word, f"dip test p {format_p(p)}", f"p ≤ {alpha:g}"


def _stability(evidence: Mapping[str, Any]) -> tuple[str, str, str, str]:
    threshold = evidence["thresholds"]["jaccard"]
    words = f"Jaccard similarity ≥ {threshold:g}"
    if len(evidence["too_small"]) == evidence["n_clusters"]:
        return NONE, "not assessed", "clusters too small for the samples", words
    least = least_stable(evidence["stability"])
    stable = least >= threshold
    value = f"least stable cluster {least:.2f}"
    return GREEN if stable else RED, "stable" if stable else "unstable", value, words


def _association(model: Mapping[str, Any]) -> Light:
    name, evidence = "Association", model["evidence"]
    fields = associated(model["associations"])
    if evidence is None or not fields:
        return Light(name, NONE, "not tested", "no field to test", "", "evidence")
    limits = evidence["thresholds"]
    significant = [row for row in fields if row["q"] <= limits["alpha"]]
    row = (significant or fields)[0]
    value = f"{field_name(row['field'])} {row['effect']:.2f}, q {format_p(row['q'])}"
    threshold = f"effect ≥ {limits['effect']:g} and q ≤ {limits['alpha']:g}"
    if not significant:
        return Light(name, GREEN, "no recorded field", value, threshold, "evidence")
    if row["effect"] >= limits["effect"]:
        return Light(name, RED, "explained by a field", value, threshold, "evidence")
    return Light(name, AMBER, "partly by a field", value, threshold, "evidence")


def _confounding(model: Mapping[str, Any]) -> Light:
    name, found = "Confounding", model["confounding"]
    if found is None or not found["rows"]:
        return Light(name, NONE, "not tested", "no network and field to test", "", "cohort")
    first = [row for row in found["rows"] if row["light"] == found["rows"][0]["light"]]
    row = next((row for row in first if row["field"] == "source"), first[0])
    value = f"{field_name(row['field'])} alone {row['alone']:.2f}, network {row['network']:.2f}"
    threshold = f"tells {TOLD:.0%} of a class, or {HALF:.0%} of the network's advantage"
    light = found["light"]
    return Light(name, light, CONFOUNDED[light], value, threshold, "confounding")


def _quality(model: Mapping[str, Any], comparison: Mapping[str, Any] | None) -> Light:
    name = "Model quality"
    if comparison is None:
        return Light(name, NONE, "not tested", "no network", "", "classification")
    rows = comparison["groups"][0]["rows"]
    own = next((row for row in rows if row["name"] == model["name"]), None)
    rivals = [row for row in rows if row["kind"] != "network"]
    if own is None:
        return Light(name, NONE, "not tested", "no prediction", "", "classification")
    accuracy = own["accuracy"]
    value = f"accuracy {accuracy['value']:.2f}"
    if accuracy["low"] is not None:
        value += f" ({accuracy['low']:.2f} to {accuracy['high']:.2f})"
    if not rivals:
        return Light(name, NONE, "no baseline", value, "", "classification")
    rival = max(rivals, key=lambda row: row["accuracy"]["value"])
    threshold = f"best baseline: {rival['name']} {rival['accuracy']['value']:.2f}"
    status, word = _against(own, rivals, leads=own["name"] == comparison["best"])
    return Light(name, status, word, value, threshold, "comparison")


def _against(
    own: Mapping[str, Any], rivals: Sequence[Mapping[str, Any]], *, leads: bool
) -> tuple[str, str]:
    """How a network stands to its baselines: by paired intervals where it is the best network."""
    if leads:
        if any((row["difference"]["high"] or 0) < 0 for row in rivals):
            return RED, "a baseline is better"
        unbeaten = [row for row in rivals if not (row["difference"]["low"] or 0) > 0]
    else:
        low = own["accuracy"]["low"] or 0
        unbeaten = [row for row in rivals if not low > (row["accuracy"]["high"] or 1)]
    if unbeaten:
        return AMBER, "not shown to beat a baseline"
    return GREEN, "better than every baseline"
