"""Clusters that are found again are called stable, others not."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import make_blobs

from cxr.evidence.resampling import KINDS, TRAINING, ResamplingSettings, repeat_searches
from cxr.evidence.sample import Sample, SampleSettings
from cxr.evidence.search import SearchGrid, SearchSettings
from cxr.evidence.stability import Stability, grade, in_view, jaccards
from cxr.evidence.thresholds import MinimumSize
from cxr.evidence.verdict import least_stable

REFERENCE = np.array([0, 0, 0, 1, 1, 1, -1])


def test_the_best_jaccard_of_each_cluster():
    other = np.array([5, 5, 1, 0, 0, 0, 0])
    assert jaccards(REFERENCE, other, 2).tolist() == [2 / 3, 3 / 4]
    assert jaccards(REFERENCE, REFERENCE, 2).tolist() == [1, 1]
    assert jaccards(REFERENCE, np.full(7, -1), 2).tolist() == [0, 0]
    assert np.isnan(jaccards(np.array([0, 0, 2]), np.array([0, 0, 1]), 3)[1])


@pytest.mark.parametrize(
    ("jaccard", "word"),
    [
        (1.0, "highly stable"),
        (0.85, "highly stable"),
        (0.8, "stable"),
        (0.75, "stable"),
        (0.7, "doubtful"),
        (0.6, "doubtful"),
        (0.59, "unstable"),
        (0.0, "unstable"),
    ],
)
def test_the_words_are_those_of_hennig(jaccard, word):
    assert grade(jaccard) == word


def test_repetitions_are_summed_up():
    stability = Stability(REFERENCE)
    stability.add("bootstrap", np.arange(7), REFERENCE)
    stability.add("bootstrap", np.array([0, 1, 3, 4]), np.array([0, 0, 0, 0]))
    result = stability.summary()["bootstrap"]
    assert result["repetitions"] == 2
    assert [cluster["mean"] for cluster in result["clusters"]] == [0.75, 0.75]
    assert result["adjusted_rand"]["mean"] == pytest.approx(0.5)
    consensus = stability.consensus()
    assert consensus[0, 1] == 1
    assert consensus[0, 2] == 1
    assert consensus[0, 3] == 0.5
    assert consensus[0, 6] == 0
    np.testing.assert_array_equal(consensus, consensus.T)


def test_a_cluster_that_repetitions_or_the_sample_lack_keeps_its_place():
    stability = Stability(np.array([0, 0, 1, 1, 2]), k=4)
    stability.add("bootstrap", np.arange(5), np.array([0, 0, 1, 1, 2]))
    stability.add("bootstrap", np.arange(4), np.array([0, 0, 1, 1]))
    stability.add("start", np.arange(4), np.array([0, 0, 1, 1]))
    result = stability.summary()
    assert [c["mean"] for c in result["bootstrap"]["clusters"]] == [1, 1, 1, 0]
    assert [c["mean"] for c in result["start"]["clusters"]] == [1, 1, 0, 0]
    assert least_stable(result) == 0


GRID = SearchGrid((5.0, 10.0), (0.2, 0.4, 0.6), (5,), 3, 8, 1 / 3)
SETTINGS = ResamplingSettings(
    resamples=3,
    seed=1,
    minimum=MinimumSize(min_images=30, min_patients=20),
    sample=SampleSettings(None, 500, 1),
    search=SearchSettings(GRID, n_perplexities=2),
)


def test_planted_clusters_come_back(ranked):
    points, truth = make_blobs(
        90, 10, centers=3, cluster_std=1.0, center_box=(-15, 15), random_state=3
    )
    ids = np.array([f"i{i:02d}" for i in range(90)])
    sample = Sample(ids, points, ids)
    repeats = repeat_searches(sample, [sample], ranked(90), SETTINGS)
    assert repeats.groupby("kind")["turn"].nunique().to_dict() == dict.fromkeys(KINDS, 3) | {
        TRAINING: 1
    }
    for kind in Stability.of(truth, ids, repeats).summary().values():
        assert min(cluster["mean"] for cluster in kind["clusters"]) > 0.95


def test_without_a_cell_nothing_is_repeated(ranked, rng):
    ids = np.array([f"i{i:02d}" for i in range(40)])
    sample = Sample(ids, rng.normal(size=(40, 4)), ids)
    assert repeat_searches(sample, [], ranked(40).iloc[:0], SETTINGS).empty
    few = replace(SETTINGS, minimum=MinimumSize(min_images=50, min_patients=20))
    assert repeat_searches(sample, [], ranked(40), few).empty


@pytest.fixture
def ranked():
    def ranking(n):
        cell = {"method": "tsne", "algorithm": "dbscan", "reliable": True, "perplexity": 10.0}
        return pd.DataFrame([{**cell, "n_clusters": 3, "n_images": n}])

    return ranking


def test_clusters_too_small_for_every_sample_are_not_assessed():
    labels = np.repeat([0, 1, 2, -1], [50, 20, 9, 21])
    ids = np.array([f"i{i:03d}" for i in range(100)])
    clusters = pd.DataFrame({"image_id": ids, "cluster": labels})
    assert in_view(clusters, 3, [ids]) is None, "all images are no sample"
    seen = in_view(clusters, 3, [ids[:60], ids[40:]])
    assert seen.tolist() == [[True, True, False], [True, True, False]]
    stability = Stability(labels, 3)
    stability.add("start", np.arange(60), labels[:60], seen[0])
    stability.add("start", np.arange(100), np.where(labels == 1, -1, labels), seen[1])
    result = stability.summary()
    assert [c["mean"] for c in result["start"]["clusters"]] == [1, 0.5, None]
    assert result["start"]["clusters"][2]["grade"] is None
    assert least_stable(result) == 0.5
    none = {"start": {"clusters": [{"mean": None}]}}
    assert least_stable(none) == 0, "nothing assessed is not stable"


def test_samples_take_the_repetitions_in_turn(ranked):
    """Of 300 images with a cluster of 6 samples of 90 are searched for the three others."""
    points, truth = make_blobs(
        [98, 98, 98, 6], 10, centers=None, center_box=(-15, 15), random_state=3
    )
    ids = np.array([f"i{i:03d}" for i in range(300)])
    clusters = pd.DataFrame({"image_id": ids, "cluster": truth})
    ranking = ranked(300).assign(n_clusters=4)
    settings = replace(SETTINGS, sample=SampleSettings(None, 90, 1, samples=2), resamples=4)
    whole = Sample(ids, points, ids)
    repeats = repeat_searches(whole, [whole], ranking, settings, clusters)
    turns = repeats.groupby(["kind", "sample"])["turn"].nunique()
    assert turns.to_dict() == {(kind, s): 2 for kind in KINDS for s in (0, 1)} | {(TRAINING, 0): 1}
    samples = whole.draw(settings.sample)
    for number, rows in repeats.groupby("sample"):
        assert set(rows["image_id"]) <= set(samples[number].image_ids)
    stability = Stability.of(
        truth, ids, repeats, 4, in_view(clusters, 4, [s.image_ids for s in samples])
    )
    for kind in stability.summary().values():
        means = [cluster["mean"] for cluster in kind["clusters"]]
        assert means[3] is None
        assert min(means[:3]) > 0.9


def test_a_sample_with_one_of_several_clusters_in_view_shows_none():
    ids = np.array([f"i{i:03d}" for i in range(60)])
    clusters = pd.DataFrame({"image_id": ids, "cluster": np.repeat([0, 1], [50, 10])})
    assert in_view(clusters, 2, [ids[:55], ids[10:]]).tolist() == [[False, False], [True, True]]
    assert in_view(clusters.assign(cluster=0), 1, [ids[:55]]).tolist() == [[True]]
