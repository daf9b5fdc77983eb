"""Of more images than a search takes, samples give the verdict that all of them would have."""

import json
from dataclasses import replace

import numpy as np
import pytest

from tests.helpers.large_study import GRID, assess_labels, sampled

FEW = replace(GRID, perplexities=(15.0, 30.0), min_samples=(5, 9))


@pytest.fixture(scope="module")
def planted():
    """The evidence on 3,000 images of three groups, and one of 12 images that samples lack."""
    rng = np.random.default_rng(0)
    labels = np.repeat([0, 1, 2, 3], [1300, 1000, 688, 12])
    features = rng.normal(size=(3000, 10)) + 9 * np.eye(4, 10)[labels]
    return json.loads(json.dumps(assess_labels(features, labels, sampled(200), grid=FEW)))


def test_planted_groups_are_found(planted):
    assert planted["verdict"]["verdict"] == "clusters, stable, not explained by recorded fields"
    assert (planted["n_images"], planted["n_sampled"], planted["n_clusters"]) == (3000, 200, 4)
    assert planted["nulls"]["gaussian"]["replicates"] == 39


def test_each_sample_is_reported_by_itself(planted):
    assert [sample["n_images"] for sample in planted["samples"]] == [200] * 3
    for sample in planted["samples"]:
        assert sample["n_clusters"] == 3
        assert sample["adjusted_rand"] > 0.95
        assert sample["p"] == pytest.approx(1 / 40)
    observed = [sample["dbcv"]["observed"] for sample in planted["samples"]]
    assert planted["nulls"]["gaussian"]["dbcv"]["observed"] == np.median(observed)


def test_the_group_that_samples_lack_is_named_and_the_others_are_assessed(planted):
    assert planted["too_small"] == [3]
    for kind in planted["stability"].values():
        means = [cluster["mean"] for cluster in kind["clusters"]]
        assert means[3] is None
        assert min(means[:3]) > 0.9


def test_one_cloud_cut_in_pieces_has_no_clusters():
    features = np.random.default_rng(1).normal(size=(3000, 10))
    labels = np.digitize(features[:, 0], [-0.5, 0.5])
    document = assess_labels(features, labels, sampled(200), grid=FEW)
    assert document["verdict"]["verdict"] == "no clusters beyond chance"
    assert document["too_small"] == []
    assert not any(split["apart"] for split in document["apart"])
