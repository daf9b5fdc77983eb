"""Each rule of the verdict, and what it never says."""

import re
from copy import deepcopy

import pytest

from cxr.config.evidence import Evidence
from cxr.evidence.covariates import field_name
from cxr.evidence.sample import insufficiency
from cxr.evidence.thresholds import Thresholds
from cxr.evidence.verdict import decide, format_p, least_stable

THRESHOLDS = Thresholds(**Evidence().thresholds.model_dump())


def evidence(**changes):
    """The document of stable clusters that no field explains, but for some changes."""
    consensus = {"observed": 0.84, "median": 0.4, "reached": 1, "p": 0.01}
    document = {
        "insufficient": None,
        "n_clusters": 3,
        "nulls": {
            "gaussian": {
                "replicates": 199,
                "p": 0.01,
                "consensus": consensus,
                "agreement": {"p": 0.02},
            }
        },
        "separation": {"p": 0.001},
        "stability": {"bootstrap": {"clusters": [{"mean": 0.9}, {"mean": 0.8}]}},
        "too_small": [],
        "n_sampled": 500,
        "controls": {},
        "explained_by": None,
    }
    return deepcopy(document) | changes


def consistent_with_chance():
    document = evidence()
    document["nulls"]["gaussian"]["p"] = 0.2
    return document


EXPLAINING = {"field": "doi", "effect": 0.9, "ami": 0.7, "q": 0.004}
UNSTABLE = {"start": {"clusters": [{"mean": 0.95}, {"mean": 0.5}]}}
CASES = [
    (evidence(), "clusters, stable, not explained by recorded fields"),
    (evidence(explained_by=EXPLAINING), "clusters, explained by publication"),
    (consistent_with_chance(), "no clusters beyond chance"),
    (consistent_with_chance() | {"explained_by": EXPLAINING}, "no clusters beyond chance"),
    (
        evidence(stability=UNSTABLE, explained_by=EXPLAINING),
        "inconclusive: unstable under resampling or re-initialisation",
    ),
    (
        evidence(insufficient="12 images are too few, 30 are needed", nulls=None, stability=None),
        "inconclusive: 12 images are too few, 30 are needed",
    ),
]


@pytest.mark.parametrize(("document", "verdict"), CASES, ids=[verdict for _, verdict in CASES])
def test_the_rules(document, verdict):
    result = decide(document, THRESHOLDS)
    assert result["verdict"] == verdict
    assert len(result["sentence"]) > 20
    assert "nan" not in result["sentence"]
    assert not re.search("variant|virus|genome", " ".join(result.values()), re.IGNORECASE)


def test_the_sentence_gives_the_numbers():
    sentence = decide(evidence(explained_by=EXPLAINING), THRESHOLDS)["sentence"]
    for number in ("199", "0.84", "0.010", "0.001", "0.80", "0.90", "0.70", "0.004"):
        assert number in sentence


def test_a_p_value_alone_decides_nothing():
    document = evidence(stability=UNSTABLE)
    document["nulls"]["gaussian"]["p"] = 0.001
    assert decide(document, THRESHOLDS)["verdict"].startswith("inconclusive")


@pytest.mark.parametrize(("agreement", "dip"), [(0.05, 0.3), (0.05, 0.999), (0.3, 0.05)])
def test_agreement_or_separation_confirms(agreement, dip):
    document = evidence(separation={"p": dip})
    document["nulls"]["gaussian"]["agreement"]["p"] = agreement
    result = decide(document, THRESHOLDS)
    assert result["verdict"].startswith("clusters, stable")
    assert f"dip test p = {dip:.3f}" in result["sentence"]


@pytest.mark.parametrize("p", [0.0501, 0.08, 0.0999])
def test_without_either_the_verdict_is_inconclusive(p):
    document = evidence(separation={"p": p})
    document["nulls"]["gaussian"]["agreement"]["p"] = p
    verdict = decide(document, THRESHOLDS)["verdict"]
    assert verdict.startswith("inconclusive: agreement consistent with chance, no separation")


def test_agreement_that_held_out_patients_contradict_confirms_nothing():
    document = evidence(separation={"p": 1.0})
    document["nulls"]["gaussian"]["agreement"]["p"] = 0.005
    result = decide(document, THRESHOLDS)
    assert result["verdict"] == "inconclusive: no sign of separation in held-out patients"
    assert "p of the agreement alone = 0.005" in result["sentence"]


@pytest.mark.parametrize("p", [0.0501, 0.08, 0.0999])
def test_a_null_p_value_above_alpha_is_chance(p):
    document = evidence()
    document["nulls"]["gaussian"]["p"] = p
    assert decide(document, THRESHOLDS)["verdict"] == "no clusters beyond chance"
    document["nulls"]["gaussian"]["p"] = THRESHOLDS.alpha
    assert decide(document, THRESHOLDS)["verdict"].startswith("clusters, stable")


def test_clusters_are_stable_from_the_threshold_on():
    def verdict(jaccard):
        kinds = {"start": {"clusters": [{"mean": jaccard}, {"mean": 0.99}]}}
        return decide(evidence(stability=kinds), THRESHOLDS)["verdict"]

    assert verdict(THRESHOLDS.jaccard).startswith("clusters, stable")
    assert verdict(THRESHOLDS.jaccard - 0.001).startswith("inconclusive: unstable")


def test_a_control_has_the_same_clusters_from_an_agreement_of_a_half_on():
    def named(p, agreement):
        controls = {"border": {"p": p, "adjusted_rand": agreement}}
        return "same clusters" in decide(evidence(controls=controls), THRESHOLDS)["sentence"]

    assert named(THRESHOLDS.alpha, 0.5)
    assert not named(THRESHOLDS.alpha + 0.001, 0.5)
    assert not named(THRESHOLDS.alpha, 0.49)


def test_p_values_have_three_digits():
    assert [format_p(p) for p in (0.05, 0.001, 0.00099)] == ["= 0.050", "= 0.001", "< 0.001"]


def test_numbers_of_the_sentences_are_rounded():
    document = consistent_with_chance()
    document["nulls"]["gaussian"]["consensus"] |= {"observed": 0.456, "reached": 39}
    sentence = decide(document, THRESHOLDS)["sentence"]
    assert "(agreement of perplexities and DBCV) of 0.46 is reached in 39 of 199 null" in sentence


def test_controls_with_the_same_clusters_are_named():
    controls = {
        "border": {"p": 0.01, "adjusted_rand": 0.8},
        "pixels": {"p": 0.5, "adjusted_rand": 0.9},
        "untrained": {"p": 0.01, "adjusted_rand": 0.1},
    }
    for explaining in (None, EXPLAINING):
        result = decide(evidence(controls=controls, explained_by=explaining), THRESHOLDS)
        assert "in the border alone (agreement 0.80): they are not about" in result["sentence"]
        assert "pixels" not in result["sentence"]
        assert "untrained" not in result["sentence"]


def test_clusters_that_samples_lack_are_not_called_unstable():
    few = decide(evidence(too_small=[2]), THRESHOLDS)
    assert few["verdict"].startswith("clusters, stable")
    assert "(1 too small to be assessed)" in few["sentence"]
    none = {"bootstrap": {"clusters": [{"mean": None}] * 3}}
    every = decide(evidence(too_small=[0, 1, 2], stability=none), THRESHOLDS)
    assert every["verdict"] == "inconclusive: clusters too small for samples of 500 images"


def test_a_search_without_a_usable_cell_says_nothing():
    document = consistent_with_chance() | {"search": {"maps": 0}, "n_sampled": 500}
    document["nulls"]["gaussian"]["consensus"] |= {"observed": None, "reached": 199, "p": 1.0}
    result = decide(document, THRESHOLDS)
    assert result["verdict"] == "inconclusive: 0 maps of 500 images have no usable clustering"


def test_a_small_p_value_is_not_called_zero():
    sentence = decide(evidence(separation={"p": 1e-9}), THRESHOLDS)["sentence"]
    assert "dip test p < 0.001" in sentence


def test_kinds_of_repetition_count_the_same():
    kinds = {
        "bootstrap": {"clusters": [{"mean": 0.6}, {"mean": 0.9}]},
        "start": {"clusters": [{"mean": 1.0}, {"mean": 0.5}]},
    }
    assert least_stable(kinds) == pytest.approx(0.7)
    assert least_stable({}) == 0


def test_what_is_insufficient():
    minimum = THRESHOLDS.minimum
    assert "29 images" in insufficiency(29, 29, 3, minimum)
    assert "19 patients" in insufficiency(60, 19, 3, minimum)
    assert "no cell" in insufficiency(60, 30, 0, minimum)
    assert insufficiency(30, 20, 3, minimum) is None


def test_fields_have_names():
    assert field_name("doi") == "publication"
    assert field_name("country") == "country"
