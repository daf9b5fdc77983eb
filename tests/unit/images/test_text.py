"""Burned-in words and markers: found wherever they are, and nothing else."""

import sys

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont, ImageOps

from cxr.core.errors import InputError
from cxr.images.text import TextFinder, plain, text_hider


@pytest.fixture(scope="module")
def finder():
    return TextFinder(read=True)


def chest(size=(700, 560)):
    """A smooth grey chest with two dark lungs."""
    image = Image.new("L", size, 40)
    draw = ImageDraw.Draw(image)
    width, height = size
    draw.rounded_rectangle((0.1 * width, 0.05 * height, 0.9 * width, height), 60, fill=150)
    for x in (0.33, 0.67):
        box = ((x - 0.13) * width, 0.15 * height, (x + 0.13) * width, 0.75 * height)
        draw.ellipse(box, fill=70)
    return image


def written(image, words, at, *, size=24, fill=250, turned=0):
    """The image with words whose box begins at a place, turned by some degrees."""
    font = ImageFont.load_default(size)
    left, top, right, bottom = font.getbbox(words)
    mask = Image.new("L", (int(right - left) + 8, int(bottom - top) + 8), 0)
    ImageDraw.Draw(mask).text((4 - left, 4 - top), words, fill=255, font=font)
    mask = mask.rotate(turned, expand=True)
    image.paste(fill, at, mask)
    return (*at, at[0] + mask.width, at[1] + mask.height)


def overlaps(box, place, size):
    left, top, right, bottom = np.divide(place, [*size, *size])
    wide = min(right, box.right) - max(left, box.left)
    tall = min(bottom, box.bottom) - max(top, box.top)
    return max(0, wide) * max(0, tall) > 0.5 * (right - left) * (bottom - top)


@pytest.mark.parametrize(
    ("words", "options"),
    [
        ("AP ERECT", {"at": (500, 20)}),
        ("R", {"at": (20, 20), "size": 36}),
        ("PORTABLE", {"at": (480, 480), "fill": 172}),
        ("SUPINE", {"at": (640, 40), "turned": 90}),
        ("MOBILE 12", {"at": (20, 20), "turned": 12}),
        ("kV 90 mAs 4", {"at": (500, 4), "size": 12}),
    ],
    ids=["words", "marker", "low contrast", "upright", "slanted", "small"],
)
def test_words_are_found_where_they_are(finder, words, options):
    image = chest()
    place = written(image, words, **options)
    found = finder(np.asarray(image))
    assert any(overlaps(box, place, image.size) for box in found)
    assert all(overlaps(box, place, image.size) for box in found)


def test_an_image_without_words_has_no_box(finder):
    assert finder(np.asarray(chest())) == []
    assert finder(np.zeros((300, 200), np.uint8)) == []


def test_large_and_long_images_are_searched(finder):
    image = chest((2400, 1800))
    place = written(image, "MOBILE", (60, 40), size=60)
    assert any(overlaps(box, place, image.size) for box in finder(np.asarray(image)))
    finder(np.zeros((4, 900), np.uint8))


def test_words_are_read_and_finding_does_not_depend_on_it(finder):
    image = chest()
    written(image, "SUPINE AP", (500, 20))
    pixels = np.asarray(image)
    read, unread = finder(pixels), TextFinder(read=False)(pixels)
    assert [box.words for box in read] == ["SUPINE AP"]
    assert [box.words for box in unread] == [None]
    assert [box.place for box in read] == [box.place for box in unread]
    assert finder(pixels) == read


def test_a_new_image_is_painted_over_as_the_cohort_was():
    image = chest()
    written(image, "PORTABLE", (20, 20))
    pixels = np.asarray(image)
    hidden = text_hider(True)(pixels)
    assert TextFinder(read=False)(hidden) == []
    assert text_hider(False)(pixels) is pixels


def test_light_on_dark_and_dark_on_light_are_found(finder):
    image = chest()
    place = written(image, "ERECT", (20, 20), size=28)
    for picture in (image, ImageOps.invert(image)):
        assert any(overlaps(box, place, image.size) for box in finder(np.asarray(picture)))


def test_without_the_package_one_line_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "rapidocr", None)
    with pytest.raises(InputError, match="pip install rapidocr onnxruntime") as error:
        TextFinder(read=True)
    assert "cohort.text" in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("  AP\tERECT ", "AP ERECT"),
        ("a\x00b\x1b[31m", "a b [31m"),
        ("\u202egnp.exe", "gnp.exe"),
        ("<script>", "<script>"),
    ],
)
def test_words_are_one_line_of_visible_characters(words, expected):
    assert plain(words) == expected
