"""A study's own masks of lungs count where they can; where they can't, the table says why."""

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from cxr.cohort.lungs import read_mask, write_lungs
from cxr.images.decode import UnusableImage
from cxr.images.lungs import lung_masks

HEIGHT, WIDTH = 80, 100
NAMES = (
    "good",
    "other-size",
    "black",
    "white",
    "text",
    "missing",
    "itself",
    "twice",
    "out",
    "none",
)


@pytest.fixture
def drawn():
    """Two lungs, bool."""
    mask = np.zeros((HEIGHT, WIDTH), dtype=bool)
    mask[20:60, 20:40] = mask[20:60, 60:80] = True
    return mask


@pytest.fixture
def study(tmp_path, drawn, rng):
    """Images with masks of all kinds: cohort, metadata and canonical pixels."""
    root = tmp_path / "own"
    for folder in ("images", "masks", "more"):
        (root / folder).mkdir(parents=True)
    for name in NAMES:
        pixels = rng.integers(0, 255, (HEIGHT, WIDTH), dtype=np.uint8)
        Image.fromarray(pixels).save(root / "images" / f"{name}.png")
    mask = Image.fromarray(drawn)
    mask.save(root / "masks" / "good.png")
    mask.resize((50, 40)).save(root / "masks" / "other-size.png")
    Image.new("L", (WIDTH, HEIGHT), 0).save(root / "masks" / "black.png")
    Image.new("L", (WIDTH, HEIGHT), 255).save(root / "masks" / "white.png")
    (root / "masks" / "text.png").write_text("no image")
    for folder in ("masks", "more"):
        mask.save(root / folder / "twice-mask.png")
    masks = [f"masks/{name}.png" for name in NAMES[:6]]
    masks += ["images/itself.png", "twice-mask.png", "../elsewhere.png", None]
    cohort = pd.DataFrame({"image_id": NAMES, "source": "own"})
    cohort["file"] = "images/" + cohort["image_id"] + ".png"
    metadata = cohort.assign(mask=pd.Series(masks, dtype="str"), width=WIDTH, height=HEIGHT)
    images = rng.integers(0, 255, (len(NAMES), 64, 64), dtype=np.uint8)
    return cohort, metadata.iloc[::-1], {"own": root}, images


def test_each_mask_that_is_not_used_has_its_reason(study, tmp_path, drawn, caplog):
    path = tmp_path / "lungs.npy"
    table = write_lungs(*study, path, square="crop", threads=2).set_index("image_id")
    problems = table["problem"].dropna()
    assert problems.to_dict() == {
        "other-size": "masks/other-size.png: it has 50 x 40 pixels, its image 100 x 80 pixels",
        "black": "masks/black.png: no lung is in the mask",
        "white": "masks/white.png: nothing but lung is in the mask",
        "text": "masks/text.png: not an image that can be read: text",
        "missing": "masks/missing.png: no such file",
        "itself": "images/itself.png: the mask is the image itself",
        "twice": "twice-mask.png: several files fit the name: "
        "masks/twice-mask.png, more/twice-mask.png",
        "out": "../elsewhere.png: the file name leaves the source's folder",
    }
    assert "8 of 9 masks are not used, the first is masks/other-size.png: " in caplog.text
    assert table.index[table["origin"] == "own mask"].tolist() == ["good"]
    lungs = np.load(path)
    assert lungs.dtype == bool
    found, segmented = lung_masks(study[-1])
    np.testing.assert_array_equal(lungs[1:], found[1:])
    assert (table["origin"].iloc[1:] == np.where(segmented, "found", "usual place")[1:]).all()
    cropped = np.asarray(Image.fromarray(drawn[:, 10:90]).resize((64, 64)))
    assert (lungs[0] != cropped).mean() < 0.02


@pytest.mark.parametrize("square", ["crop", "stretch", "pad"])
def test_a_mask_becomes_square_as_its_image_does(tmp_path, drawn, square):
    Image.fromarray(drawn).save(tmp_path / "mask.png")
    mask = read_mask(tmp_path / "mask.png", drawn.shape, square, 80)
    share = {"crop": 1600 / 6400, "stretch": 1600 / 8000, "pad": 1600 / 10000}[square]
    assert mask.mean() == pytest.approx(share, abs=0.01)


@pytest.mark.parametrize(
    ("name", "left", "right"),
    [("a.png", 1, 1), ("a.png", 255, 255), ("a.png", 1, 2), ("a.jpg", 255, 255)],
)
def test_lung_is_what_is_not_black_however_it_is_saved(tmp_path, drawn, name, left, right):
    labels = np.repeat([left, right], WIDTH // 2)
    pixels = np.where(drawn, labels, 0).astype(np.uint8)
    Image.fromarray(pixels).save(tmp_path / name)
    mask = read_mask(tmp_path / name, drawn.shape, "stretch", 80)
    assert mask.mean() == pytest.approx(drawn.mean(), abs=0.01)


def test_a_mask_that_the_square_cuts_away_is_not_used(tmp_path):
    mask = np.zeros((40, 200), np.uint8)
    mask[:, :20] = 255
    Image.fromarray(mask).save(tmp_path / "mask.png")
    with pytest.raises(UnusableImage, match="no lung is in the mask"):
        read_mask(tmp_path / "mask.png", mask.shape, "crop", 40)
