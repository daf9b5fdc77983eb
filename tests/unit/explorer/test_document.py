"""All that the explorer shows of a model."""

import numpy as np
import pandas as pd

from cxr.explorer.document import explorer_document
from tests.helpers.cluster_files import map_of, maps_of, ranking_of
from tests.helpers.packed import unpack


def test_a_document_has_what_the_study_has(rng):
    grid, ranking = ranking_of()
    mapped = map_of(rng)
    ids = mapped["image_id"]
    maps = {"embeddings": maps_of(mapped), "grid": grid, "ranking": ranking, "clusters": mapped}
    cohort = pd.DataFrame({"image_id": ids, "patient_id": ["p", "q"] * 10, "split": "train"})
    records = {"cohort": cohort, "metadata": pd.DataFrame({"image_id": ids, "view": "PA"})}
    bounds = {"min_clusters": 2, "max_clusters": 8}
    plain = explorer_document(maps, records, {}, bounds, 0.05)
    assert {"controls", "similar"}.isdisjoint(plain)
    assert "thumbnails" not in plain["galleries"]
    assert unpack(plain["patients"]["values"]).tolist() == [0, 1] * 10
    cohort["class"] = "ill"
    records["predictions"] = pd.DataFrame(
        {"image_id": ids, "class": "ill", "split": "test", "predicted": "ill", "probability_ill": 1}
    )
    found = {"controls": mapped.assign(subject="pixels")}
    images = np.full((20, 16, 16), 7, dtype=np.uint8)
    whole = explorer_document(maps, records, found, bounds, 0.05, images)
    assert [control["name"] for control in whole["controls"]] == ["pixels"]
    names = [field["name"] for field in whole["fields"]]
    assert names == ["class", "view", "intensity", "predicted", "probability"]
    assert len(whole["galleries"]["thumbnails"]["image_ids"]) == 5
