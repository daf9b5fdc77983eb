"""Medoids, border images, and the images of which a network is most confident."""

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import silhouette_samples

from cxr.explorer.examples import MOST_MEMBERS, PER_CLASS, class_examples, cluster_examples


def test_medoids_are_central_and_border_images_have_the_lowest_silhouettes(rng):
    labels = np.repeat([0, 1, -1], [30, 40, 5])
    xy = rng.normal(size=(75, 2)) + 3 * labels[:, None]
    first, second = cluster_examples(xy, labels)
    assert [first["cluster"], second["cluster"]] == [0, 1]
    clustered = labels >= 0
    silhouettes = silhouette_samples(xy[clustered], labels[clustered])
    lowest = np.argsort(silhouettes[:30])[:5]
    assert first["borderline"] == lowest.tolist()
    # Scikit-learn leaves the image itself out of the mean distance to its own cluster.
    assert first["silhouettes"] == pytest.approx(silhouettes[lowest], abs=0.05)
    distances = np.linalg.norm(xy[:30, None] - xy[None, :30], axis=-1).mean(axis=1)
    assert first["medoids"] == np.argsort(distances)[:5].tolist()
    assert set(second["medoids"]) <= set(range(30, 70))


def test_one_cluster_has_its_farthest_images_at_the_border():
    xy = np.column_stack([np.arange(7.0), np.zeros(7)])
    (only,) = cluster_examples(xy, np.zeros(7, dtype=int))
    assert only["medoids"][0] == 3
    assert set(only["borderline"][:2]) == {0, 6}
    assert only["silhouettes"] == []
    assert cluster_examples(xy, np.full(7, -1)) == []


def test_large_clusters_are_measured_by_a_sample(rng):
    xy = rng.normal(size=(3 * MOST_MEMBERS, 2))
    (only,) = cluster_examples(xy, np.zeros(len(xy), dtype=int))
    assert np.linalg.norm(xy[only["medoids"]] - xy.mean(axis=0), axis=1).max() < 0.3


def test_confident_images_are_of_the_test_split_right_and_wrong():
    n = 20
    table = pd.DataFrame({"image_id": [f"i{i:02d}" for i in range(n)], "class": "ill"})
    table["split"] = ["test"] * 15 + ["train"] * 5
    table["predicted"] = ["ill"] * 8 + ["well"] * 12
    table["probability_ill"] = np.linspace(0.6, 0.99, n)
    table.loc[8:, "probability_ill"] = np.linspace(0.4, 0.1, 12)
    table["probability_well"] = 1 - table["probability_ill"]
    (ill,) = class_examples(table)
    assert ill["class"] == "ill"
    assert [entry["id"] for entry in ill["correct"]] == [f"i{i:02d}" for i in (7, 6, 5, 4, 3)]
    assert [entry["id"] for entry in ill["incorrect"]] == [
        f"i{i:02d}" for i in (14, 13, 12, 11, 10)
    ]
    assert len(ill["correct"]) == PER_CLASS
    assert ill["incorrect"][0]["predicted"] == "well"
    assert ill["incorrect"][0]["confidence"] == pytest.approx(0.7636)
    assert class_examples(table.assign(split="train")) == []
