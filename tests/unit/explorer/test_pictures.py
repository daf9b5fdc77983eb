"""Pictures beside the page."""

import numpy as np
import pandas as pd
from PIL import Image

from cxr.core.io import read_json
from cxr.explorer.packing import PICTURES_INDEX
from cxr.explorer.pictures import SIDE, write_pictures
from cxr.images.canonical import SourceImages


def test_each_image_has_a_picture_under_a_plain_name(tmp_path, rng):
    ids = ["s/../a.png", "s/b.png", "s/gone.png"]
    root = tmp_path / "source"
    root.mkdir()
    for name in ("a.png", "b.png"):
        Image.fromarray(rng.integers(0, 255, (40, 60), dtype=np.uint8)).save(root / name)
    clusters = pd.DataFrame({"image_id": ids, "x": 0.0, "y": 0.0, "cluster": 0})
    cohort = pd.DataFrame({"image_id": ids, "source": "s", "file": ["a.png", "b.png", "gone.png"]})
    folder = tmp_path / "pictures"
    write_pictures(clusters, cohort, SourceImages({"s": root}), folder, "crop", 0)
    index = read_json(folder / PICTURES_INDEX)["files"]
    assert set(index) == set(ids[:2])
    assert {path.name for path in folder.iterdir()} == {*index.values(), PICTURES_INDEX}
    for name in index.values():
        assert Image.open(folder / name).size == (SIDE, SIDE)
        assert name.removesuffix(".jpg").isdigit()


def test_hidden_text_is_hidden_here_too(tmp_path):
    image = np.full((SIDE, SIDE), 90, np.uint8)
    image[40:60, 40:120] = 255
    Image.fromarray(image).save(tmp_path / "a.png")
    ids = pd.DataFrame({"image_id": ["a"]})
    clusters = ids.assign(x=0.0, y=0.0, cluster=0)
    cohort = ids.assign(source="s", file="a.png")
    files = SourceImages({"s": tmp_path}, {"a": [(0.06, 0.06, 0.25, 0.14)]})
    write_pictures(clusters, cohort, files, tmp_path / "pictures", "crop", 0)
    assert np.asarray(Image.open(tmp_path / "pictures" / "00000.jpg")).max() < 110
