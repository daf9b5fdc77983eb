"""What a user is told of a folder of predicted images."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import beta, binom

from cxr.features.tables import features_table
from cxr.inference.summary import Reference, prediction_summary

TOLD = {"light": "red", "sentence": "COVID-19 cannot be told from its source in this cohort."}


def features_of(rng, centre, n, split):
    cohort = pd.DataFrame({"image_id": [f"{split}{i}" for i in range(n)], "class": "a"})
    return features_table(cohort.assign(split=split), rng.normal(size=(n, 6)) + centre)


def reference_of(rng):
    """Features around one point, 200 of the training and 100 others."""
    parts = [("train", 200), ("validation", 40), ("test", 60)]
    tables = [features_of(rng, 4, n, split) for split, n in parts]
    return Reference.of(pd.concat(tables, ignore_index=True))


@pytest.fixture
def reference(rng):
    return reference_of(rng)


def summary_of(rng, reference, centre, n=20, verdict=None):
    features = features_of(rng, centre, n, "").rename(columns={"image_id": "file"})
    predictions = reference.with_distances(features[["file"]], features)
    return prediction_summary(predictions, 3, reference, verdict)


def test_images_of_another_kind_are_told(rng, reference):
    assert (len(reference.train), len(reference.held_out)) == (200, 100)
    found = summary_of(rng, reference, np.array([4, -4, 4, -4, 4, -4]))
    assert found["distance"]["far_images"] == 20
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
    alone = Reference.of(features_of(rng, 4, 20, "train"))
    assert summary_of(rng, alone, 9)["distance"]["p"] is None
