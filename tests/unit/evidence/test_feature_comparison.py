"""Clusters of the features themselves stand beside those of the maps."""

import numpy as np
import pandas as pd
import pytest

from cxr.evidence import feature_comparison as comparison
from cxr.evidence.feature_clusters import FeatureClusters
from cxr.evidence.feature_comparison import compare_feature_clusters

TRUTH = np.repeat([0, 1], 10)


def nulls(values, null="gaussian", sample=0):
    columns = {"null": null, "replicate": range(1, len(values) + 1), "sample": sample}
    return pd.DataFrame({"feature_dbcv": values, **columns})


def compare(labels, dbcv=0.5, simulated=(0.1,) * 19, p_of_maps=0.01):
    found = FeatureClusters(dbcv, 3, np.asarray(labels, np.int16))
    return compare_feature_clusters([found], [TRUTH], nulls(simulated), p_of_maps, 0.05)


def test_the_p_value_counts_the_features_among_the_simulations():
    result = compare(TRUTH, 0.5, [0.1] * 17 + [0.5, 0.9])
    assert result["p"] == 3 / 20
    expected = {"replicates": 19, "median": pytest.approx(0.1), "reached": 2, "p": 3 / 20}
    assert result["nulls"] == {"gaussian": expected}


def test_of_several_samples_the_numbers_are_medians():
    found = [FeatureClusters(dbcv, 3, TRUTH.astype(np.int16)) for dbcv in (0.2, 0.4, 0.9)]
    simulated = [
        nulls([0.1, 0.8], sample=0),
        nulls([0.3, 0.4], sample=1),
        nulls([0.9, 0.1], sample=2),
    ]
    result = compare_feature_clusters(found, [TRUTH] * 3, pd.concat(simulated), 1.0, 0.05)
    assert result["dbcv"] == 0.4
    assert result["nulls"]["gaussian"]["median"] == pytest.approx(0.35)
    assert (result["nulls"]["gaussian"]["reached"], result["p"]) == (1, pytest.approx(2 / 3))


def test_agreement_is_on_images_that_both_cluster():
    labels = TRUTH.copy()
    labels[:4] = -1
    result = compare(labels)
    assert (result["adjusted_rand"], result["outliers"], result["n_outliers"]) == (1, 0, 4)


OTHERS = np.tile([0, 1], 10)
HIGH = (0.9,) * 19


@pytest.mark.parametrize(
    ("labels", "simulated", "p_of_maps", "answer"),
    [
        (TRUTH, (0.1,) * 19, 0.01, comparison.SHOWN),
        (OTHERS, (0.1,) * 19, 0.01, comparison.OTHER),
        (TRUTH, (0.1,) * 19, 0.5, comparison.BLURRED),
        (TRUTH, HIGH, 0.01, comparison.SHARPENED),
        (OTHERS, HIGH, 0.01, comparison.UNSEEN),
        (TRUTH, HIGH, 0.5, comparison.NEITHER),
    ],
)
def test_the_answer_follows_from_both_tests_and_the_agreement(labels, simulated, p_of_maps, answer):
    result = compare(labels, 0.5, simulated, p_of_maps)
    assert result["answer"] == answer
    assert result["sentence"].endswith(f": {answer}.")


def test_features_without_a_usable_clustering_have_no_values():
    result = compare(np.full(20, -1), -np.inf, [0.1] * 10 + [-np.inf] * 9)
    assert (result["dbcv"], result["adjusted_rand"], result["outliers"]) == (None, None, None)
    assert (result["p"], result["answer"]) == (1, comparison.UNSEEN)
    assert "no usable clustering" in result["sentence"]
    assert compare(TRUTH, 0.5, [-np.inf] * 19)["nulls"]["gaussian"]["median"] is None
