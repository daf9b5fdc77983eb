"""The maps of controls beside a model's."""

import numpy as np
import pandas as pd
import pytest

from cxr.clustering.grid import standardise
from cxr.explorer.control_maps import pack_control_maps
from tests.helpers.packed import unpack


def test_a_controls_map_is_turned_to_lie_like_the_models(rng):
    xy = rng.normal(size=(40, 2))
    clusters = pd.DataFrame(xy, columns=["x", "y"])
    clusters.insert(0, "image_id", [f"i{i:02d}" for i in range(40)])
    clusters["cluster"] = np.repeat([0, 1], 20)
    turned = clusters.assign(x=-xy[:, 1], y=xy[:, 0], cluster=1 - clusters["cluster"])
    maps = pd.concat(
        [
            clusters.assign(subject="features"),
            turned.iloc[::-1].assign(subject="pixels"),
            turned.iloc[:10].assign(subject="border"),
        ]
    )
    pixels, border = pack_control_maps(clusters, maps)
    assert [pixels["name"], pixels["words"]] == ["pixels", "pixels"]
    assert unpack(pixels["images"]).tolist() == list(range(39, -1, -1))
    places = (unpack(pixels["xy"]).reshape(-1, 2) / 32767.5 - 1) * pixels["extent"]
    assert places[::-1] == pytest.approx(standardise(xy), abs=1e-3)
    assert unpack(pixels["cluster"])[::-1].tolist() == clusters["cluster"].tolist()
    assert unpack(border["images"]).tolist() == list(range(10))
