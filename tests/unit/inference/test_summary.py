"""What a user is told of a folder of predicted images."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import beta, binom

from cxr.features.extract import mean_outputs
from cxr.inference import summary
from cxr.inference.summary import Reference, prediction_summary
from cxr.networks.architecture import build_network

TOLD = {"light": "red", "sentence": "COVID-19 cannot be told from its source in this cohort."}


def outputs_of(rng, centre, n):
    return rng.normal(size=(n, 6)) + centre


def reference_of(rng):
    """Outputs around one point, of 200 training images and 100 others."""
    return Reference.of(outputs_of(rng, 4, 200), outputs_of(rng, 4, 100))


@pytest.fixture
def reference(rng):
    return reference_of(rng)


def summary_of(rng, reference, centre, n=20, verdict=None):
    files = pd.DataFrame({"file": [f"{i}.png" for i in range(n)]})
    predictions = reference.with_distances(files, outputs_of(rng, centre, n))
    return prediction_summary(predictions, 3, reference, verdict)


def test_images_of_another_kind_are_told(rng, reference):
    found = summary_of(rng, reference, np.array([4, -4, 4, -4, 4, -4]))
    counts = [found["distance"][f"{name}_images"] for name in ("train", "held_out", "far")]
    assert counts == [200, 100, 20]
    assert found["distance"]["p"] < 1e-9
    assert "20 of 20 images lie further" in found["lines"][-1]
    assert (found["images"], found["rejected"]) == (20, 3)


def test_images_like_the_held_out_ones_are_told_as_seldom_as_stated():
    told = 0
    for seed in range(150):
        rng = np.random.default_rng(seed)
        told += summary_of(rng, reference_of(rng), 4, 40)["distance"]["p"] < 0.05
    assert told <= 14


def test_the_probability_allows_for_few_held_out_images(rng, reference):
    found = summary_of(rng, reference, 4, 10)["distance"]
    # An image is far beyond the 96th of 100 distances; the share there is a beta variable.
    shares = beta(5, 96).rvs(200_000, random_state=0)
    expected = binom.sf(found["far_images"] - 1, 10, shares).mean()
    assert found["p"] == pytest.approx(expected, abs=0.005)


def test_a_class_that_its_source_tells_is_said_and_a_missing_verdict_too(rng, reference):
    assert summary_of(rng, reference, 4, verdict=TOLD)["lines"] == [
        "Of the training images: COVID-19 cannot be told from its source in this cohort."
    ]
    green = {"light": "green", "sentence": "No recorded field alone explains half."}
    found = summary_of(rng, reference, 4, verdict=green)
    assert found["lines"] == []
    assert found["confounding"] == green
    assert "not assessed yet" in summary_of(rng, reference, 4)["lines"][0]


def test_no_image_and_no_held_out_image_have_no_probability(rng, reference):
    assert summary_of(rng, reference, 4, n=0)["distance"]["p"] is None
    alone = Reference.of(outputs_of(rng, 4, 20), outputs_of(rng, 4, 0))
    assert summary_of(rng, alone, 9)["distance"]["p"] is None


def test_a_cohort_is_divided_by_its_splits_and_a_large_one_sampled(rng, monkeypatch):
    network = build_network("conv5", 2, 8, 0.0, seed=1).eval()
    images = rng.integers(0, 255, (30, 64, 64), dtype=np.uint8)
    split = pd.Series(["train"] * 18 + ["validation"] * 4 + ["test"] * 8)
    found = Reference.of_cohort(network, 64, split, images, 0, "cpu")
    outputs = mean_outputs(network, images, 64, device="cpu")
    expected = Reference.of(outputs[:18], outputs[18:])
    np.testing.assert_allclose(found.held_out, expected.held_out, rtol=1e-3)
    monkeypatch.setattr(summary, "MOST", 10)
    sampled = Reference.of_cohort(network, 64, split, images, 0, "cpu")
    assert (sampled.train_images, len(sampled.held_out)) == (10, 10)
