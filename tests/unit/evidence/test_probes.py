"""Probes find what features hold, and not which patient they are of."""

import numpy as np
import pandas as pd
import pytest

from cxr.evidence import probes
from cxr.evidence.probes import probe

OWNER = np.repeat([f"p{i:02d}" for i in range(40)], 3)


def one(features, field, patients=OWNER, seed=0, name="view"):
    results = probe(features, patients, pd.DataFrame({name: pd.Series(field)}), seed)
    assert [result["field"] for result in results] == [name]
    return results[0]


def test_a_view_that_features_show_is_predicted(rng):
    view = np.where(np.arange(120) // 3 % 4 == 0, "AP", "PA")
    result = one((view == "AP")[:, None] * 3 + rng.normal(size=(120, 2)) * 0.1, view)
    assert result["accuracy"] == {"value": 1.0, "low": None, "high": None}
    assert result["majority"] == 0.75
    assert (result["images"], result["levels"]) == (120, 2)


def test_patients_are_not_recognised_across_folds(rng):
    """A field by chance of each patient, and features that tell patients apart."""
    values = rng.permutation(np.repeat(["a", "b"], 20))
    features = np.repeat(rng.normal(size=(40, 30)), 3, axis=0)
    result = one(features, np.repeat(values, 3))
    assert result["accuracy"]["value"] < 0.75
    assert result["accuracy"]["low"] < result["accuracy"]["value"] < result["accuracy"]["high"]
    # Of 40 patients the standard error of a share near a half is 0.08.
    assert 0.2 < result["accuracy"]["high"] - result["accuracy"]["low"] < 0.45


def test_levels_need_five_patients():
    rare = np.where(OWNER < "p05", "x", np.where(OWNER < "p20", "y", "z"))
    assert one(np.eye(120), rare)["levels"] == 3
    rarer = np.where(OWNER < "p04", "x", np.where(OWNER < "p20", "y", "z"))
    result = one(np.eye(120), rarer)
    assert (result["levels"], result["images"]) == (2, 108)
    assert result["majority"] == pytest.approx(60 / 108)


def test_without_two_levels_there_is_no_probe(rng):
    field = np.where(OWNER < "p04", "x", None)
    nothing = {"images": 0, "levels": 0, "majority": None, "accuracy": None}
    assert one(rng.normal(size=(120, 2)), field) == {"field": "view"} | nothing
    same = one(rng.normal(size=(120, 2)), np.full(120, "PA"))
    assert (same["levels"], same["images"], same["accuracy"]) == (1, 120, None)


def test_units_of_any_scale_count_the_same(rng):
    view = np.repeat(rng.permutation(np.repeat(["a", "b"], 20)), 3)
    features = np.stack([(view == "a") + 0.6 * rng.normal(size=120), rng.normal(size=120)], axis=1)
    plain, scaled = one(features, view), one(features * [1e-6, 1e6] + [3, 1e8], view)
    assert plain["accuracy"] == scaled["accuracy"]
    assert plain["accuracy"]["value"] > 0.7


def test_only_the_probed_fields_and_own_texts_are():
    fields = pd.DataFrame({name: ["a"] * 120 for name in ("sex", "country", "doi", "view")})
    own = {"scanner": ["a"] * 120, "dose": np.ones(120), "accession": [f"{i}" for i in range(120)]}
    probed = [r["field"] for r in probe(np.eye(120), OWNER, fields.assign(**own), 0)]
    assert probed == ["view", "doi", "country", "scanner"]


def test_of_many_images_a_probe_is_fitted_to_some_and_predicts_all(rng, monkeypatch):
    monkeypatch.setattr(probes, "MAX_FITTED", 60)
    view = np.where(np.arange(120) // 3 % 4 == 0, "AP", "PA")
    result = one((view == "AP")[:, None] * 3 + rng.normal(size=(120, 2)) * 0.1, view)
    assert (result["images"], result["accuracy"]["value"]) == (120, 1.0)
    for fitted, predicted in probes._folds(tuple(view), tuple(OWNER), 0, 60):
        assert 0 < len(fitted) <= 60
        assert not set(OWNER[fitted]) & set(OWNER[predicted])


def test_a_level_that_no_fitted_image_has_is_no_error(rng, monkeypatch):
    monkeypatch.setattr(probes, "MAX_FITTED", 12)
    field = ["AP"] * 5 + ["PA"] * 595
    owners = np.array([f"p{i:03d}" for i in range(600)])
    result = one(rng.normal(size=(600, 3)), field, owners)
    assert (result["images"], result["levels"]) == (600, 2)
    assert result["accuracy"]["value"] > 0.9
