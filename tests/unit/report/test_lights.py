"""Six lights: each has a value, a threshold, and a word that follows from the two."""

import pytest

from cxr.report.comparison import headline
from cxr.report.lights import lights
from tests.helpers.report_models import evidence_of, field_row, model_of


def comparison_of(*rivals, difference=(0.02, 0.08)):
    """A comparison of a network and baselines with their accuracies and paired differences."""
    zero = {"value": 0.0, "low": 0.0, "high": 0.0}
    net = {"name": "net", "kind": "network", "difference": zero}
    net |= {"accuracy": {"value": 0.9, "low": 0.85, "high": 0.95}}
    rows = [net]
    for name, value in rivals:
        gap = {"value": 0.9 - value, "low": difference[0], "high": difference[1]}
        accuracy = {"value": value, "low": value - 0.05, "high": value + 0.05}
        rows.append({"name": name, "kind": "shortcut", "difference": gap, "accuracy": accuracy})
    return {"groups": [{"rows": rows}], "best": "net"}


def statuses(model, comparison=None):
    return {light.name: light.status for light in lights(model, comparison)}


def test_all_is_green_where_all_is_reached():
    confounding = {"light": "green", "rows": [{"field": "view", "light": "green"}]}
    confounding["rows"][0] |= {"alone": 0.3, "network": 0.9}
    model = model_of(evidence_of(), [field_row("view", 0.2, 0.4)], confounding=confounding)
    found = statuses(model, comparison_of(("border", 0.6)))
    assert list(found) == [
        *("Significance", "Separation", "Stability", "Association", "Confounding", "Model quality")
    ]
    assert set(found.values()) == {"green"}


@pytest.mark.parametrize(
    ("name", "model", "comparison", "status", "value"),
    [
        ("Significance", model_of(evidence_of(p=0.35), []), None, "red", "p = 0.350"),
        ("Separation", model_of(evidence_of(dip=0.2), []), None, "red", "dip test p = 0.200"),
        ("Stability", model_of(evidence_of(jaccard=0.4), []), None, "red", "0.40"),
        (
            "Association",
            model_of(evidence_of(), [field_row("view", 0.3, 0.01)]),
            None,
            "amber",
            "view 0.30",
        ),
        (
            "Association",
            model_of(evidence_of(), [field_row("view", 0.7, 0.01)]),
            None,
            "red",
            "view 0.70",
        ),
        (
            "Model quality",
            model_of(None, None),
            comparison_of(("border", 0.88), difference=(-0.02, 0.06)),
            "amber",
            "accuracy 0.90",
        ),
        (
            "Model quality",
            model_of(None, None),
            comparison_of(("border", 0.95), difference=(-0.1, -0.01)),
            "red",
            "accuracy 0.90",
        ),
    ],
)
def test_a_light_follows_its_threshold(name, model, comparison, status, value):
    light = next(light for light in lights(model, comparison) if light.name == name)
    assert light.status == status
    assert value in light.value


def test_what_was_not_tested_is_out():
    assert set(statuses(model_of(None, None)).values()) == {"none"}
    few = evidence_of() | {"nulls": None, "insufficient": "12 images are too few"}
    found = lights(model_of(few, []), None)[0]
    assert (found.status, found.value) == ("none", "12 images are too few")


def test_the_best_network_stands_beside_its_best_shortcut():
    found = headline(comparison_of(("border", 0.8), ("shape", 0.5)))
    assert (found["network"]["name"], found["shortcut"]["name"]) == ("net", "border")
    assert headline(None) is None
