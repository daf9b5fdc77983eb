"""Burned-in text as recorded fields, and what is said of it."""

import numpy as np
import pandas as pd
import pytest
from PIL import Image, ImageDraw, ImageFont

from cxr.core.errors import InputError
from cxr.core.io import read_csv, write_csv
from cxr.images.text_fields import (
    COLUMNS,
    TextSearch,
    find_text,
    text_summary,
    with_text_fields,
)

METADATA = pd.DataFrame({"image_id": ["s/a", "s/b", "t/c"], "source": ["s", "s", "t"]})
HOSTILE = ["<script>alert(1)</script>", "=cmd|' /C calc'!A0", "R"]


def boxes(*rows):
    return pd.DataFrame(rows, columns=list(COLUMNS))


FOUND = boxes(
    ("s/a", 0.0, 0.0, 0.2, 0.1, 0.7, "AP", None),
    ("s/a", 0.1, 0.0, 0.3, 0.1, 0.7, "19/12/1962", "a date"),
    ("t/c", 0.8, 0.8, 1.0, 1.0, 0.6, None, None),
)


def test_presence_share_and_position_become_fields():
    table = with_text_fields(METADATA, FOUND, "file")
    assert list(table["text_present"]) == ["yes", "no", "yes"]
    np.testing.assert_allclose(table["text_share"], [0.03, 0, 0.04])
    assert list(table["text_position"].fillna("")) == ["top left", "", "bottom right"]
    assert "text_words" not in table
    assert list(table[METADATA.columns]["image_id"]) == list(METADATA["image_id"])


@pytest.mark.parametrize(("words", "wanted"), [("none", False), ("file", False), ("field", True)])
def test_words_are_a_field_where_they_are_wanted(words, wanted):
    table = with_text_fields(METADATA, FOUND, words)
    assert ("text_words" in table) == wanted
    if wanted:
        assert list(table["text_words"].fillna("")) == ["AP | 19/12/1962", "", ""]


def test_a_field_of_that_name_is_not_overwritten():
    with pytest.raises(InputError, match="text_share, which a source has already"):
        with_text_fields(METADATA.assign(text_share="x"), FOUND, "file")


def test_no_image_may_have_text():
    table = with_text_fields(METADATA, FOUND.iloc[:0], "field")
    assert set(table["text_present"]) == {"no"}
    assert table["text_position"].isna().all()
    assert table["text_share"].dtype == "float64"


def test_the_summary_counts_images_and_holds_no_word():
    summary = text_summary(METADATA, FOUND, read=True)
    assert summary["with_text"] == 2
    assert summary["sources"] == [
        {"source": "s", "images": 2, "with_text": 1},
        {"source": "t", "images": 1, "with_text": 1},
    ]
    assert summary["reads_like"] == {"a date": 1, "an identifier": 0, "a name": 0}
    assert "a date on 1 of 3 images" in summary["warning"]
    assert "1962" not in str(summary)
    assert text_summary(METADATA, FOUND.iloc[[0, 2]], read=True)["warning"] is None


def test_words_that_were_not_read_may_name_patients():
    unread = FOUND.assign(words=None, reads_like=None)
    warning = text_summary(METADATA, unread, read=False)["warning"]
    assert "on 2 of 3 images were not read and may name patients" in warning
    assert text_summary(METADATA, unread.iloc[:0], read=False)["warning"] is None


def test_hostile_words_are_text_in_a_table(tmp_path):
    table = boxes(*(("s/a", 0.0, 0.1 * i, 0.2, 0.1, 0.7, w, None) for i, w in enumerate(HOSTILE)))
    write_csv(table, tmp_path / "text.csv")
    assert list(read_csv(tmp_path / "text.csv")["words"]) == HOSTILE
    assert not any(line.startswith("=") for line in (tmp_path / "text.csv").read_text().split(","))


@pytest.fixture
def folder(tmp_path):
    """Two images with a date and one without."""
    font = ImageFont.load_default(28)
    for name, words in (("a.png", "19/12/1962"), ("b.png", ""), ("c.png", "05/03/2020")):
        image = Image.new("L", (500, 400), 60)
        ImageDraw.Draw(image).text((300, 20), words, fill=250, font=font)
        image.save(tmp_path / name)
    files = ["a.png", "b.png", "c.png"]
    return tmp_path, pd.DataFrame({"image_id": files, "source": "s", "file": files})


def test_chunks_find_together_what_one_job_finds(folder):
    root, rows = folder
    whole = find_text(rows, {"s": root}, TextSearch(0, 1, read=True))
    assert list(whole["image_id"]) == ["a.png", "c.png"]
    assert set(whole["reads_like"]) == {"a date"}
    parts = [find_text(rows, {"s": root}, TextSearch(i, 2, read=False)) for i in (0, 1)]
    together = pd.concat(parts).sort_values("image_id", ignore_index=True)
    assert together["words"].isna().all()
    texts = ["words", "reads_like"]
    pd.testing.assert_frame_equal(together.drop(columns=texts), whole.drop(columns=texts))
    assert parts[1].empty
    assert list(parts[1].dtypes) == list(whole.dtypes)


def test_an_image_that_vanished_is_named(folder):
    root, rows = folder
    with pytest.raises(InputError, match=r"gone\.png: no such file, though"):
        find_text(rows.assign(file="gone.png"), {"s": root}, TextSearch(0, 1, read=True))
