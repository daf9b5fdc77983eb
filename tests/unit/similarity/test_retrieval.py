"""Precision, average precision and the queries they are of."""

import numpy as np
import pytest
from sklearn.metrics import average_precision_score
from sklearn.metrics.pairwise import cosine_distances

from cxr.similarity.retrieval import SharedField, retrieve, select_queries
from cxr.similarity.space import space_summary
from tests.helpers.similarity import space_of


def test_equal_features_favour_no_image(rng):
    features = np.tile(rng.random(6), (60, 1))
    space, _ = space_of(features)
    assert "neighbours are chance" in space_summary(space, 5)["insufficient"]
    classes = np.repeat(["a", "b", "c"], 20)
    answers = retrieve(space, np.arange(60), [SharedField("class", classes)], 5, own_patient=False)
    # Names would find the images that come first: precision 1 for a, 0 for the others.
    assert answers.groupby("level")["average_precision"].mean().max() < 0.5


def test_precision_and_average_precision_are_the_textbooks(rng):
    features, classes = rng.normal(size=(60, 5)), rng.choice(["a", "b"], 60).astype(object)
    patients = rng.integers(0, 25, 60)
    space, _ = space_of(features, patients)
    answers = retrieve(space, np.arange(60), [SharedField("class", classes)], 7, own_patient=False)
    apart = cosine_distances(features.astype(np.float32).astype(np.float64))
    for row in answers.to_dict("records"):
        query = row["row"]
        others = patients != patients[query]
        right = classes[others] == classes[query]
        near = np.argsort(apart[query][others])
        assert row["precision"] == right[near[:7]].mean()
        expected = average_precision_score(right, -apart[query][others])
        assert row["average_precision"] == pytest.approx(expected)
        assert row["base_rate"] == right.mean()


def test_of_many_images_whole_patients_are_asked(rng):
    owners = rng.integers(0, 900, 3000)
    rows = select_queries(owners, 0)
    assert 900 < len(rows) <= 1000
    asked = np.zeros(3000, dtype=bool)
    asked[rows] = True
    assert not set(owners[asked]) & set(owners[~asked])
    assert select_queries(owners[:1000], 0).tolist() == list(range(1000))
