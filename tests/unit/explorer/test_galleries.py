"""The galleries, packed."""

import numpy as np
import pandas as pd

from cxr.explorer.galleries import gallery_thumbnails, pack_galleries


def test_galleries_have_pictures_of_images_that_are_on_no_map(rng):
    clusters = pd.DataFrame({"image_id": [f"i{i}" for i in range(20)], "cluster": [0, 1] * 10})
    clusters[["x", "y"]] = rng.normal(size=(20, 2))
    cohort = pd.DataFrame({"image_id": [*clusters["image_id"], "other"]})
    predictions = cohort.assign(split="test", predicted="a", probability_a=0.9)
    predictions["class"] = ["a"] * 20 + ["b"]
    fields = pd.DataFrame(index=range(20))
    galleries = pack_galleries(clusters, fields, None, predictions, 0.05)
    assert [entry["words"] for entry in galleries["clusters"]] == [[], []]
    assert galleries["classes"][1]["incorrect"][0]["id"] == "other"
    images = np.zeros((21, 16, 16), dtype=np.uint8)
    thumbnails = gallery_thumbnails(galleries, cohort, images)
    assert thumbnails["image_ids"] == sorted(["other", "i0", "i1", "i10", "i11", "i12"])
    assert pack_galleries(clusters, fields, None, None, 0.05)["classes"] == []


def test_fields_are_significant_by_the_rate_of_the_study(rng):
    clusters = pd.DataFrame({"image_id": [f"i{i}" for i in range(40)], "cluster": [0, 1] * 20})
    clusters[["x", "y"]] = rng.normal(size=(40, 2))
    fields = pd.DataFrame({"view": ["PA", "AP"] * 20})
    row = {"field": "view", "missing": "level", "measure": "cramers_v", "effect": 0.9, "q": 0.03}
    for alpha, significant in ((0.05, True), (0.03, True), (0.01, False)):
        galleries = pack_galleries(clusters, fields, pd.DataFrame([row]), None, alpha)
        assert galleries["alpha"] == alpha
        shown = [words["significant"] for of in galleries["clusters"] for words in of["words"]]
        assert shown == [significant] * 2
    assert pack_galleries(clusters, fields, None, None, 0.05)["alpha"] is None
