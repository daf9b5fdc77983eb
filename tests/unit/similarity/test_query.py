"""The images most similar to a new one."""

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from cxr.core.errors import InputError
from cxr.features.index import ExactIndex
from cxr.similarity.query import indexed_features, nearest_images, read_query
from cxr.similarity.space import make_space, to_points
from tests.helpers.similarity import DISTANCES, table_of


@pytest.mark.parametrize("metric", list(DISTANCES))
def test_a_query_finds_its_own_image_first(metric, rng, tmp_path):
    table = table_of(rng.random((30, 4)))
    table.loc[4, "f001"] = np.nan
    owners = pd.Series(table["image_id"].to_numpy(), index=table["image_id"])
    space, rejected = make_space(table, owners, metric, 0)
    rejected.to_csv(tmp_path / "rejected.csv", index=False)
    known = indexed_features(table, tmp_path / "rejected.csv")
    columns = ["class", "country", "view", "severity_extent", "doi"]
    records = pd.DataFrame(None, index=table["image_id"], columns=[*columns, "sha256"])
    records["scanner"] = "GE"
    own = table.filter(regex="^f").to_numpy()[9:10]
    found = nearest_images("new.png", own, ExactIndex(space.points), known, records, metric, 5)
    assert found["neighbour_id"].iloc[0] == "i00009"
    assert found["distance"].iloc[0] == pytest.approx(0, abs=1e-6)
    assert found["rank"].tolist() == [1, 2, 3, 4, 5]
    assert list(found.columns)[4:] == [*columns, "scanner"]
    assert set(found["scanner"]) == {"GE"}
    with pytest.raises(InputError, match="run find_similar again"):
        nearest_images("new.png", own, ExactIndex(space.points), table, records, metric, 5)


def test_a_query_that_is_no_image_is_said_in_one_line(tmp_path):
    bad = tmp_path / "note.png"
    bad.write_text("no image")
    with pytest.raises(InputError, match=r"config key 'query': .*note.png can't be used: .*; name"):
        read_query(bad, 32, "crop")
    good = tmp_path / "good.png"
    Image.fromarray(np.arange(10_000, dtype=np.uint8).reshape(100, 100)).save(good)
    assert read_query(good, 32, "crop").canonical.shape == (1, 32, 32)


def test_a_query_in_which_nothing_is_seen_is_refused(rng):
    table = table_of(rng.random((9, 4)))
    index = ExactIndex(to_points(table.filter(regex="^f").to_numpy(np.float64), "cosine"))
    with pytest.raises(InputError, match="is it an image like the study's"):
        nearest_images("black.png", np.zeros((1, 4)), index, table, table, "cosine", 5)
