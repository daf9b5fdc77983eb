"""Agreement is scikit-learn's adjusted Rand index, counted for many pairs at once."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import adjusted_rand_score

from cxr.clustering.agreement import (
    agreement_by_group,
    core_and_outliers,
    image_agreement,
    rand_index,
)

labellings = st.lists(st.integers(-1, 4), min_size=12, max_size=12)


def array(labels):
    return np.array(labels, dtype=np.int16)


@settings(deadline=None)
@given(labellings, labellings)
def test_the_index_is_scikit_learns_with_the_outliers_as_one_group(one, other):
    expected = adjusted_rand_score(one, other)
    assert rand_index(array(one), array(other)) == pytest.approx(expected, abs=1e-12)


def test_means_are_over_the_other_groups():
    rng = np.random.default_rng(0)
    labels = rng.integers(-1, 3, (7, 40)).astype(np.int16)
    groups = np.array([0, 0, 1, 3, 3, 3, -1])
    found = agreement_by_group(labels, groups, 4)
    for a in range(7):
        for group in range(4):
            others = labels[groups == group]
            if group == groups[a]:
                assert np.isnan(found[a, group])
            elif group == 2:
                assert found[a, group] == 0, "no clustering votes for it"
            else:
                scores = [adjusted_rand_score(labels[a], other) for other in others]
                assert found[a, group] == pytest.approx(np.mean(scores))


def test_an_image_agrees_as_far_as_its_two_groups_are_the_same():
    one, other = array([0, 0, 0, 1, 1, -1]), array([0, 0, 1, 1, 1, 1])
    expected = [2 / 3, 2 / 3, 1 / 6, 2 / 4, 2 / 4, 1 / 4]
    np.testing.assert_allclose(image_agreement(one, other), expected)
    np.testing.assert_allclose(image_agreement(one, one), 1)


def test_clustered_images_and_outliers_agree_apart():
    one, other = array([0, 0, 1, 1, -1, -1]), array([1, 1, 0, 0, -1, 0])
    assert core_and_outliers(one, other) == (1, 1 / 2)
    assert core_and_outliers(one[:4], other[:4]) == (1, 1), "no outlier in either"
    assert core_and_outliers(array([-1, -1]), array([0, 0])) == (0, 0), "no image in both"
