"""What the page carries comes out as it went in."""

import gzip
import unicodedata

import numpy as np
import onnx
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from onnx import helper, numpy_helper

from cxr.app.packing import ENCODING, MARK, TURNED, as_text, packed
from cxr.app.separated import separated


def of_text(text, length):
    """The bytes of letters."""
    data, letters = b"", iter(text)
    for letter in letters:
        value = ord(next(letters)) ^ TURNED if ord(letter) == MARK else ord(letter)
        data += value.to_bytes(2, "little")
    return data[:length]


@given(st.binary(max_size=200))
@example(b"<\0\0\0~\0\r\0\0\xd8\xff\xdf<<")
def test_letters_are_the_bytes(data):
    assert of_text(as_text(data), len(data)) == data


def test_letters_are_two_bytes_that_html_leaves_alone():
    every = np.arange(2**16, dtype="<u2").tobytes()
    text = as_text(every)
    assert of_text(text, len(every)) == every
    assert not {*text} & {*"<\r\0"}
    assert not any(unicodedata.category(letter) == "Cs" for letter in text)
    assert len(text.encode(ENCODING)) < 1.033 * len(every)


def test_parts_are_the_same_text_each_time():
    data = b"0123456789" * 100
    assert packed(data) == packed(data)
    found = packed(data)
    assert gzip.decompress(of_text(found["text"], found["length"])) == data


@pytest.mark.parametrize(
    ("dtype", "unit", "share"),
    [(np.float32, 1, 0.97), (np.float16, 1, 0.97), (np.int16, 1e5, 0.99)],
)
def test_weights_compress_better_by_their_bytes_and_are_all_there(rng, dtype, unit, share):
    kind = helper.np_dtype_to_tensor_dtype(np.dtype(dtype))
    weights = [
        (unit * rng.normal(0, 0.1, (64, 400))).clip(-32767, 32767).astype(dtype),
        (unit * rng.normal(0, 0.1, 9)).astype(dtype),
    ]
    tensors = [numpy_helper.from_array(each, f"w{i}") for i, each in enumerate(weights)]
    output = helper.make_tensor_value_info("y", kind, None)
    node = helper.make_node("Identity", ["w0"], ["y"])
    graph = helper.make_graph([node], "g", [], [output], tensors)
    data = helper.make_model(graph).SerializeToString()
    found, places = separated(data)
    ((start, length, size),) = places
    assert size == weights[0].itemsize
    assert len(gzip.compress(found)) < share * len(gzip.compress(data))
    apart = np.frombuffer(found[start : start + length], np.uint8).reshape(size, -1)
    whole = found[:start] + apart.T.tobytes() + found[start + length :]
    assert onnx.load_from_string(whole) == onnx.load_from_string(data)
