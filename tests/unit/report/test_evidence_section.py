"""The page says what each sample of a large study says by itself, and what samples lack."""

from dataclasses import replace

import numpy as np
import pytest

from cxr.report.rendering import render
from tests.helpers.large_study import GRID, assess_labels, sampled

FEW = replace(GRID, perplexities=(15.0,), min_samples=(5,))


@pytest.fixture(scope="module")
def page():
    """The section on 300 images of three groups and four more images, for any sampling."""
    rng = np.random.default_rng(0)
    labels = np.repeat([0, 1, 2, 3], [100, 100, 96, 4])
    features = rng.normal(size=(300, 6)) + 9 * np.eye(4, 6)[labels]

    def of(sampling):
        document = assess_labels(features, labels, sampling, replicates=3, resamples=3, grid=FEW)
        model = dict.fromkeys(("nulls_figure", "stability_figure", "associations_figure"))
        model |= {"name": "m", "evidence": document, "associations": []}
        model["selecting"] = {"column": "dbcv", "name": "DBCV"}
        return render("evidence.html", model=model, place=1, shown=lambda *_: "")

    return of


def test_several_samples_have_a_table_and_small_clusters_are_named(page):
    text = page(sampled(100, samples=2))
    assert "use 2 samples, of at most 100 of the 300 images each, whole patients at a time" in text
    table = text.split("Each sample by itself")[1].split("</table>")[0]
    assert table.count('<th scope="row">') == 2
    assert "too small for samples of 100 images (fewer than 10 in each): cluster 4." in text
    assert "not assessed: too few images in the samples" in text


def test_all_images_are_no_sample(page):
    text = page(sampled(300, samples=2))
    assert "The searches of this section use" not in text
    assert "Each sample by itself" not in text
    assert "HDBSCAN finds" in text
    assert "The verdict does not rest on this." in text
    assert "not assessed" not in text.lower()
