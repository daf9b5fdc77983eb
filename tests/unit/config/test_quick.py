"""A quick look is the study with less of everything, and never more."""

import pytest
import yaml

from cxr.config.quick import PER_CLASS
from cxr.config.resolve import resolve
from tests.unit.config.test_config import STUDIES, study


def epochs(resolved, model):
    return sum(phase["epochs"] for phase in resolved["models"][model]["training"]["phases"])


@pytest.mark.parametrize("path", STUDIES, ids=lambda path: path.stem)
@pytest.mark.parametrize("quick", [True, 1, "true"])
def test_every_study_has_a_quick_look_of_its_own(path, quick):
    raw = yaml.safe_load(path.read_text())
    whole, small = resolve(raw), resolve({**raw, "quick": quick})
    assert small["study"] == f"{whole['study']}-quick"
    assert small["sources"] == whole["sources"]
    assert set(small["embedding"]["perplexities"]) <= set(whole["embedding"]["perplexities"])
    for name in small["models"]:
        assert epochs(small, name) <= epochs(whole, name)


def test_what_is_smaller_already_stays():
    cohort = {"per_class": {"a": 7, "b": 500}, "image_size": 48}
    small = resolve(
        study(
            quick=True,
            cohort=study()["cohort"] | cohort,
            embedding={"perplexities": [4, 9]},
            evidence={"resamples": 12, "permutations": 99, "nulls": ["gaussian"]},
        )
    )
    assert small["cohort"]["per_class"] == {"a": 7, "b": PER_CLASS}
    assert small["cohort"]["image_size"] == 48
    assert small["models"]["m"]["training"]["phases"][0]["image_size"] == 48
    assert small["embedding"]["perplexities"] == [4, 9]
    assert small["evidence"]["permutations"] == 99
    assert small["evidence"]["resamples"] == 10


def test_a_small_class_costs_the_others_no_image_where_all_are_asked_for():
    cohort = study()["cohort"] | {"per_class": "all"}
    small = resolve(study(quick=True, cohort=cohort))
    assert small["cohort"]["per_class"] == dict.fromkeys(cohort["classes"], PER_CLASS)


def test_a_short_training_is_not_made_longer():
    models = {"m": {"architecture": "conv5", "training": {"phases": [{"epochs": 2}]}}}
    assert epochs(resolve(study(quick=True, models=models)), "m") == 2


@pytest.mark.parametrize(("alpha", "replicates"), [(0.05, 39), (0.02, 49), (0.1, 39)])
def test_a_quick_verdict_can_still_pass(alpha, replicates):
    small = resolve(study(quick=True, evidence={"thresholds": {"alpha": alpha}}))
    assert small["evidence"]["replicates"] == replicates


def test_external_features_have_a_quick_look(tmp_path):
    raw = {"study": "s", "features": {"from_file": str(tmp_path / "x.parquet")}, "quick": True}
    assert resolve(raw)["cohort"] is None
    assert resolve(raw)["evidence"]["replicates"] == 39
