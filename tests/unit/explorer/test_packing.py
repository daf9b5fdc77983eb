"""Packed columns come back as they were."""

import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from cxr.explorer.packing import (
    MAX_LENGTH,
    compressed_json,
    pack_counts,
    pack_numbers,
    pack_texts,
)
from tests.helpers.packed import uncompressed, unpack
from tests.helpers.pages import HOSTILE


@given(st.lists(st.integers(-1, 2**31 - 1)))
def test_counts_come_back_in_the_fewest_bits(values):
    packed = pack_counts(np.array(values, dtype=np.int64))
    assert unpack(packed).tolist() == values
    bits = next(b for b in (8, 16, 32) if max(values, default=0) < 2 ** (b - 1))
    assert packed["type"] == f"int{bits}"


def test_texts_come_back_by_level_and_unknown_ones_as_none():
    packed = pack_texts(pd.Series(["b", None, "a", "b", np.nan], dtype=object))
    assert packed["levels"] == ["b", "a"]
    assert unpack(packed["values"]).tolist() == [0, -1, 1, 0, -1]
    assert pack_texts(pd.Series(["b", "b", "a"]), ordered=True)["levels"] == ["a", "b"]


def test_long_text_is_cut_and_stays_one_level():
    levels = pack_texts(pd.Series(["x" * 10_000, "x" * 9_000]))["levels"]
    assert levels == ["x" * (MAX_LENGTH - 1) + "…"]


def test_numbers_come_back_with_unknown_ones():
    values = unpack(pack_numbers(pd.Series([1.5, np.nan]))["values"])
    assert values[0] == 1.5
    assert np.isnan(values[1])


@given(st.text())
def test_compressed_json_holds_no_markup_and_comes_back(text):
    written = compressed_json({"text": text + HOSTILE})
    assert not set("<>&") & set(written)
    assert uncompressed(written) == {"text": text + HOSTILE}
    assert written == compressed_json({"text": text + HOSTILE})
