"""Probes on encoders' features, validated in external sources."""

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from cxr.core.errors import InputError
from cxr.representations.external import external_probe

CLASSES = ["COVID-19", "normal"]


def images(name, splits, rng, shift=1.5):
    """A cohort of some images, one a patient, and four features of which the first tells."""
    n = len(splits)
    classes = np.where(np.arange(n) % 2, "normal", "COVID-19")
    ids = [f"{name}/{i:03d}" for i in range(n)]
    cohort = pd.DataFrame({"image_id": ids, "class": classes, "split": splits, "source": name})
    cohort["patient_id"] = cohort["split_group"] = [f"{name}-p{i}" for i in range(n)]
    values = rng.normal(size=(n, 4)) * 3
    values[:, 0] += shift * (classes == "normal")
    features = pd.DataFrame(values, columns=[f"f{i:02d}" for i in range(4)])
    return cohort, pd.concat([cohort[["image_id"]], features], axis=1)


@pytest.fixture
def tables():
    rng = np.random.default_rng(4)
    own = images("here", ["train"] * 80 + ["validation"] * 40 + ["test"] * 40, rng)
    return images("there", ["external"] * 40, rng), own


def probed(there, own):
    cohorts, features = zip(there, own, strict=True)
    table = external_probe(*features, cohorts, CLASSES, seed=1, replicates=50)
    return table.set_index(["metric", "class"])


def test_the_probe_is_a_standardised_logistic_regression_of_training_images(tables):
    there, (cohort, features) = tables
    row = probed(there, (cohort, features)).loc[("sensitivity", "normal")]
    train = (cohort["split"] == "train").to_numpy()
    values = features.filter(regex="^f").to_numpy()
    scaler = StandardScaler().fit(values[train])
    model = LogisticRegression(C=0.1, max_iter=2000, class_weight="balanced")
    model.fit(scaler.transform(values[train]), cohort.loc[train, "class"])
    for name, of_cohort, of_features in (
        ("value", *there),
        ("internal", cohort[cohort["split"] == "test"], features[cohort["split"] == "test"]),
    ):
        predicted = model.predict(scaler.transform(of_features.filter(regex="^f").to_numpy()))
        normal = (of_cohort["class"] == "normal").to_numpy()
        assert row[name] == pytest.approx((predicted[normal] == "normal").mean())


def test_test_images_and_external_ones_teach_the_probe_nothing(tables):
    there, (cohort, features) = tables
    before = probed(there, (cohort, features))
    changed = features.copy()
    changed.loc[cohort["split"] == "test", "f00"] *= -50
    after = probed(there, (cohort, changed))
    assert after["value"].equals(before["value"])
    assert not after["internal"].equals(before["internal"])


def test_images_without_features_are_left_out(tables):
    (cohort, features), own = tables
    row = probed((cohort, features.iloc[4:]), own).loc[("sensitivity", "normal")]
    assert row["images"] == 18


def test_where_no_external_image_could_be_encoded_it_is_said(tables):
    (cohort, features), own = tables
    with pytest.raises(InputError, match="no external image could be encoded"):
        probed((cohort, features.iloc[:0]), own)
