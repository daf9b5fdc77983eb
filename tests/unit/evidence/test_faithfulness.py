"""Trustworthiness and continuity are those of scikit-learn."""

import pytest
from sklearn.manifold import trustworthiness

from cxr.evidence.faithfulness import map_faithfulness


def test_faithfulness_is_scikit_learns_both_ways(rng):
    features, xy = rng.normal(size=(60, 8)), rng.normal(size=(60, 2))
    result = map_faithfulness(features, xy, 7)
    assert result["trustworthiness"] == pytest.approx(trustworthiness(features, xy, n_neighbors=7))
    assert map_faithfulness(features, features[:, :2], 7)["continuity"] == pytest.approx(
        trustworthiness(features[:, :2], features, n_neighbors=7)
    )
    assert map_faithfulness(xy, xy, 7) == {
        "neighbours": 7,
        "trustworthiness": 1.0,
        "continuity": 1.0,
    }
