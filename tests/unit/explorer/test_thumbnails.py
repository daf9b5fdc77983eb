"""Thumbnails: the sample, and where they lie."""

import base64
import io

import numpy as np
import pandas as pd
from PIL import Image

from cxr.explorer.thumbnails import LARGE, PER_SHEET, SMALL, sample, sheets


def test_a_sample_has_its_share_of_each_cluster_and_the_images_at_the_centres(rng):
    clusters = pd.DataFrame({"image_id": [f"i{i:04d}" for i in range(1000)]})
    clusters["cluster"] = np.repeat([0, 1, -1], [700, 290, 10])
    clusters[["x", "y"]] = rng.normal(size=(1000, 2))
    clusters.loc[750, ["x", "y"]] = clusters.loc[700:989, ["x", "y"]].median()
    chosen = sample(clusters, 500, 100, 0)
    counts = clusters.set_index("image_id").loc[chosen]["cluster"].value_counts()
    assert 70 <= counts[0] <= 71
    assert 29 <= counts[1] <= 30
    assert counts[-1] >= 1
    assert "i0750" in chosen
    assert chosen == sample(clusters, 500, 100, 0) != sample(clusters, 500, 100, 1)
    assert sample(clusters, 1000, 100, 0) == list(clusters["image_id"])


def test_thumbnails_lie_where_the_page_looks_for_them():
    images = np.stack([np.full((96, 96), value, np.uint8) for value in range(130)])
    rows = list(range(129, -1, -1))
    made = sheets(images, rows)
    assert (made["side"], made["columns"]) == (LARGE, 10)
    assert len(made["sheets"]) == 2
    for place, row in enumerate(rows):
        data = base64.b64decode(made["sheets"][place // PER_SHEET].partition(",")[2])
        sheet = np.asarray(Image.open(io.BytesIO(data)))
        at = place % PER_SHEET
        y, x = LARGE * (at // 10) + LARGE // 2, LARGE * (at % 10) + LARGE // 2
        assert abs(int(sheet[y, x]) - row) <= 2
    assert sheets(images, [0] * 1001)["side"] == SMALL
    assert sheets(images[:, :20, :20], [0])["side"] == 20
