"""One field predicts the class as far as its values tell it, missing ones among them."""

import numpy as np
import pandas as pd
import pytest

from cxr.evaluation.single_field import predict_from_field

CLASSES = ["a", "b", "c"]


def predicted(train, labels, others):
    answers = predict_from_field(pd.Series(train), np.array(labels), pd.Series(others), CLASSES, 0)
    assert answers.shape == (len(others), len(CLASSES))
    np.testing.assert_allclose(answers.sum(axis=1), 1)
    return [CLASSES[k] for k in answers.argmax(axis=1)]


@pytest.mark.parametrize(
    ("train", "others"),
    [
        (["x"] * 10 + ["y"] * 10 + [None] * 10, ["y", None, "x"]),
        ([1.0] * 10 + [9.0] * 10 + [np.nan] * 10, [8.0, np.nan, 0.0]),
    ],
)
def test_a_value_tells_its_class_and_so_does_a_missing_one(train, others):
    assert predicted(train, ["a"] * 10 + ["b"] * 10 + ["c"] * 10, others) == ["b", "c", "a"]


def test_classes_count_alike_whatever_their_sizes():
    train = ["x"] * 30 + ["y"] * 60 + ["x"] * 9 + ["y"]
    assert predicted(train, ["a"] * 90 + ["b"] * 10, ["x", "y"]) == ["b", "a"]


def test_a_value_that_training_has_not_tells_little():
    labels = ["a"] * 10 + ["b"] * 10 + ["c"] * 10
    train = pd.Series(["x"] * 10 + ["y"] * 10 + ["z"] * 10)
    answers = predict_from_field(train, np.array(labels), pd.Series(["new"]), CLASSES, 0)
    assert answers.max() <= 1


def test_a_class_that_training_has_not_gets_nothing():
    answers = predict_from_field(
        pd.Series(["x"] * 6), np.array(["a", "b"] * 3), pd.Series(["x"]), CLASSES, 0
    )
    assert answers[0].tolist() == [0.5, 0.5, 0]
