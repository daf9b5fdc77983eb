"""The nearest neighbours against scikit-learn, and of few images."""

import numpy as np
import pytest

from cxr.features.index import IndexSettings, make_index
from cxr.similarity.neighbours import NEIGHBOURS, neighbours_of_all
from cxr.similarity.space import space_summary
from tests.helpers.similarity import DISTANCES, found_in, space_of


@pytest.mark.parametrize("metric", list(DISTANCES))
@pytest.mark.parametrize("own_patient", [False, True])
def test_neighbours_are_those_of_scikit_learn(metric, own_patient, rng):
    features = rng.normal(size=(120, 8)).astype(np.float32)
    patients = np.arange(120) // 3
    space, _ = space_of(features, patients, metric)
    found, _, _ = found_in(space, 10, own_patient)
    apart = DISTANCES[metric](features.astype(np.float64))
    if own_patient:
        np.fill_diagonal(apart, np.inf)
    else:
        apart[patients[:, None] == patients] = np.inf
    order = np.argsort(apart, axis=1)[:, :10]
    assert found["query_id"].tolist() == np.repeat(space.image_ids, 10).tolist()
    assert found["neighbour_id"].tolist() == space.image_ids[order].ravel().tolist()
    assert found["rank"].tolist() == list(range(1, 11)) * 120
    expected = np.take_along_axis(apart, order, axis=1).ravel()
    np.testing.assert_allclose(found["distance"], expected, atol=1e-5)


def test_more_neighbours_than_images_are_all_there_are(rng):
    space, _ = space_of(rng.normal(size=(4, 3)), ["a", "a", "b", "c"])
    found, _, _ = found_in(space, 36)
    assert found.groupby("query_id").size().tolist() == [2, 2, 3, 3]
    assert space_summary(space, 36)["insufficient"] == (
        "3 other images are fewer than the 36 neighbours that are wanted"
    )
    assert space_summary(space, 3)["insufficient"] is None


@pytest.mark.parametrize("n", [0, 1])
def test_one_image_has_no_neighbours(n, rng):
    space, _ = space_of(rng.normal(size=(n, 3)))
    index, _ = make_index(space.points, IndexSettings(36, 20_000, 0.98), 1)
    found = neighbours_of_all(space, index, 36, own_patient=False)
    assert found.schema == NEIGHBOURS
    assert len(found) == 0
    assert "nothing can be similar" in space_summary(space, 36)["insufficient"]
