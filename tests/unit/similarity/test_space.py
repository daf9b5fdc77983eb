"""Images that have no place in a space."""

import numpy as np

from tests.helpers.similarity import found_in, space_of


def test_images_without_a_place_are_listed_and_cost_only_themselves(rng):
    features = rng.random((20, 4))
    features[3, 1], features[5, 0], features[7] = np.nan, np.inf, 0
    space, rejected = space_of(features)
    assert rejected.to_dict("records") == [
        {"image_id": "i00003", "reason": "a feature is NaN or infinite"},
        {"image_id": "i00005", "reason": "a feature is NaN or infinite"},
        {"image_id": "i00007", "reason": "all features are 0: no direction"},
    ]
    found, _, _ = found_in(space, 36)
    assert found.groupby("query_id").size().tolist() == [16] * 17
    assert np.isfinite(found["distance"]).all()
    assert len(space_of(features, metric="euclidean")[1]) == 2
