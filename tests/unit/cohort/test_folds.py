"""Folds are those of scikit-learn, whatever the classes and groups."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.model_selection import StratifiedGroupKFold

from cxr.cohort.folds import stratified_group_folds


@pytest.mark.filterwarnings("ignore:The least populated class")
@settings(deadline=None, max_examples=150)
@given(
    st.integers(0, 2**32 - 1),
    st.integers(1, 20),
    st.integers(2, 12),
    st.sampled_from([1.0, 2.0, 5.0]),
)
def test_folds_are_those_of_scikit_learn(seed, n_classes, folds, images):
    rng = np.random.default_rng(seed)
    n = int(rng.integers(4 * folds, 400))
    groups = rng.integers(0, max(folds, int(n / images)), n)
    groups[:folds] = np.arange(folds)
    classes = rng.choice(n_classes, n, p=rng.dirichlet(np.ones(n_classes)))
    classes[: folds * 2] = classes[0]
    names = np.array([f"class {k}" for k in range(n_classes)], dtype=object)[classes]
    kfold = StratifiedGroupKFold(folds, shuffle=True, random_state=seed)
    expected = [fold for _, fold in kfold.split(names, names, groups)]
    divided = list(stratified_group_folds(names, groups, folds, seed))
    assert len(divided) == folds
    for ours, theirs in zip(divided, expected, strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_as_many_classes_as_one_likes_are_divided():
    classes, groups = np.repeat(np.arange(129), 4), np.tile(np.arange(258), 2)
    kfold = StratifiedGroupKFold(2, shuffle=True, random_state=3)
    expected = [fold for _, fold in kfold.split(classes, classes, groups)]
    for ours, theirs in zip(stratified_group_folds(classes, groups, 2, 3), expected, strict=True):
        np.testing.assert_array_equal(ours, theirs)
