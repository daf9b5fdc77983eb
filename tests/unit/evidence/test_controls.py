"""A control of features with the lungs covered does not see the lungs."""

import numpy as np
import pytest

from cxr.config.catalogue.controls import CONTROLS
from cxr.evidence import controls
from cxr.evidence.controls import Trained, control_features
from cxr.networks.architecture import build_network

CARD = {"architecture": "conv5", "classes": ["a", "b"], "feature_dim": 8, "image_size": 32}


def test_features_with_the_lungs_covered_depend_on_the_rest_alone(rng, monkeypatch):
    monkeypatch.setattr(controls, "PART", 3)
    network = build_network("conv5", 2, 8, 0.0, seed=1)
    images = rng.integers(0, 255, (4, 32, 32), dtype=np.uint8)
    lungs = np.zeros(images.shape, dtype=bool)
    lungs[:, 8:24, 4:28] = True

    def features(pixels):
        return control_features("covered", pixels, CARD, 0, "cpu", Trained(network, lungs))

    inside, outside = images.copy(), images.copy()
    inside[lungs] = 255 - inside[lungs]
    outside[~lungs] = 255 - outside[~lungs]
    assert features(images).shape == (4, 8)
    np.testing.assert_array_equal(features(images), features(inside))
    assert (features(images) != features(outside)).any(axis=1).all()
    with pytest.raises(ValueError, match="without the network and the masks"):
        control_features("covered", images, CARD, 0)


@pytest.mark.parametrize("control", [n for n, entry in CONTROLS.items() if not entry.covers_lungs])
def test_other_controls_need_no_lungs(control, rng):
    images = rng.integers(0, 255, (5, 32, 32), dtype=np.uint8)
    features = control_features(control, images, CARD, 0, "cpu")
    assert features.shape[0] == 5
    assert features.dtype == np.float32
