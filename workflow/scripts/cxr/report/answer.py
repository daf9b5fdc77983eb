"""The answer to a study's question in two sentences, and what the clusters are allowed to say."""

from collections.abc import Mapping, Sequence
from typing import Any

from cxr.config.catalogue.null_models import PRIMARY
from cxr.config.catalogue.questions import QUESTION
from cxr.evidence.covariates import field_name
from cxr.evidence.verdict import NO_CLUSTERS, format_p
from cxr.report.lights import associated

# The default question where no country is recorded.
WITHOUT_COUNTRIES = (
    "Do the features that a network learns on these images fall into clusters, and which recorded "
    "fields do the clusters follow?"
)
LIMIT = (
    "Clusters of images alone don't tell a cause: images record the patient, the disease's stage, "
    "the scanner and the publisher at once."
)
VARIANTS_LIMIT = (
    "Clusters of images can't show variants of a virus: {picture} shows lungs, positioning, "
    "scanner and publisher, not genomes."
)


def question_of(question: str, *, countries: bool) -> str:
    """The study's question; the default one without countries where none is recorded."""
    return WITHOUT_COUNTRIES if question == QUESTION and not countries else question


def limit_of(question: str, picture: str) -> str:
    """What no clustering of images can show, of variants only where the study asks for them."""
    if "variant" in question.lower():
        return VARIANTS_LIMIT.format(picture=picture)
    return LIMIT


def support(model: Mapping[str, Any]) -> dict[str, Any]:
    """Whether a model's clusters are beyond chance.

    Returns
    -------
    dict
        `supported`: true, false, or null where it was not tested or is open; `words` for the
        banner of a map of candidate clusters, empty where they are supported; `n`, the number
        of supported clusters, and `candidates`.
    """
    evidence, cell = model["evidence"], model["cell"]
    candidates = 0 if cell is None else cell["n_clusters"]
    if evidence is None:
        words, supported = "not tested against chance", None
    elif evidence["nulls"] is None:
        words, supported = f"not tested: {evidence['insufficient']}", None
    else:
        p, verdict = evidence["nulls"][PRIMARY]["p"], evidence["verdict"]["verdict"]
        supported = None if verdict.startswith("inconclusive") else verdict != NO_CLUSTERS
        reason = f"p {format_p(p)}"
        if supported is None:
            reason = verdict.removeprefix("inconclusive: ")
        words = "" if supported else f"not supported, {reason}"
    n = candidates if supported else 0
    return {"supported": supported, "words": words, "n": n, "candidates": candidates}


def answer(model: Mapping[str, Any], question: str) -> dict[str, str]:
    """The answer in two sentences, from a model's evidence.

    Parameters
    ----------
    model : mapping
        As `cxr.report.content.model` gives it.
    question : str
        The study's; countries have a sentence of their own where it asks for them.

    Returns
    -------
    dict
        `first` (are there clusters), `second` (what they follow), and the `style`: clusters,
        none or open.
    """
    found = support(model)
    style = {True: "clusters", False: "none", None: "open"}[found["supported"]]
    return {
        "first": _first(model, found),
        "second": _second(model, found, question),
        "style": style,
    }


def _first(model: Mapping[str, Any], found: Mapping[str, Any]) -> str:
    n, evidence = found["candidates"], model["evidence"]
    if not n:
        return "No clusters: no cell of the parameter grid has a usable number of them."
    clusters = f"{n} candidate {'cluster' if n == 1 else 'clusters'}"
    if evidence is None or evidence["nulls"] is None:
        why = "no null simulations" if evidence is None else evidence["insufficient"]
        return f"Open: whether the {clusters} are beyond chance was not tested ({why})."
    p = f"p {format_p(evidence['nulls'][PRIMARY]['p'])}"
    if found["supported"] is None:
        reason = evidence["verdict"]["verdict"].removeprefix("inconclusive: ")
        return f"Inconclusive: of the {clusters}, {reason} ({p})."
    if found["supported"]:
        return f"Yes: the images fall into {n} clusters that are beyond chance ({p}) and stable."
    return f"No: the {clusters} are consistent with chance ({p})."


def _second(model: Mapping[str, Any], found: Mapping[str, Any], question: str) -> str:
    fields = associated(model["associations"])
    if model["evidence"] is None or not found["candidates"]:
        return "What they follow was not tested." if found["candidates"] else ""
    limits = model["evidence"]["thresholds"]
    who = "They" if found["supported"] else "As candidates they"
    country = next((row for row in fields if row["field"] == "country"), None)
    asked = "countr" in question.lower()
    others = [row for row in fields if row is not country] if asked else fields
    significant = [row for row in others if row["q"] <= limits["alpha"]]
    rest = _followed(significant, others, limits, "other " if country and asked else "")
    if not asked:
        return f"{rest[0].upper()}{rest[1:]}."
    if country is None:
        return f"Whether they follow countries can't be told, since too few are recorded; {rest}."
    follows = country["q"] <= limits["alpha"]
    verb = "follow countries" if follows else "do not follow countries"
    joint = "and" if bool(significant) == follows else "but"
    return f"{who} {verb} ({_numbers(country)}), {joint} {rest}."


def _followed(
    significant: Sequence[Mapping[str, Any]],
    fields: Sequence[Mapping[str, Any]],
    limits: Mapping[str, float],
    other: str,
) -> str:
    """What the clusters follow most, as the end of a sentence."""
    if not fields:
        return f"no {other}recorded field could be tested"
    if not significant and len(fields) == 1:
        name = field_name(fields[0]["field"])
        return f"{name}, the one {other}recorded field, is not associated with them"
    if not significant:
        return f"none of the {len(fields)} {other}recorded fields is associated with them"
    row = significant[0]
    name = field_name(row["field"])
    if row["effect"] >= limits["effect"]:
        return f"they follow {name} ({_numbers(row)}), enough to explain them"
    return (
        f"they go with {name} most ({_numbers(row)}), less than the {limits['effect']:g} that "
        "would explain them"
    )


def _numbers(row: Mapping[str, Any]) -> str:
    measure = {"cramers_v": "Cramér's V", "correlation_ratio": "correlation ratio"}[row["measure"]]
    return f"{measure} {row['effect']:.2f}, q {format_p(row['q'])}"
