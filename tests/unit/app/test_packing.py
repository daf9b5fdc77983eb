"""What the page carries comes out as it went in."""

import gzip
import unicodedata

import numpy as np
import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper

from cxr.app.packing import BITS, ENCODING, FIRST, as_text, packed, separated


def of_text(text, length):
    """The bytes of letters, by their digits."""
    bits = "".join(format(ord(letter) - FIRST, f"0{BITS}b") for letter in text)
    return bytes(int(bits[8 * i : 8 * i + 8], 2) for i in range(length))


@given(st.binary(max_size=200))
def test_letters_have_the_bits_of_the_bytes(data):
    text = as_text(data)
    assert of_text(text, len(data)) == data
    assert len(text) == -(-8 * len(data) // BITS)


def test_letters_are_stored_as_two_bytes_that_html_leaves_alone(rng):
    text = as_text(rng.bytes(40_000))
    assert len(text.encode(ENCODING)) == 2 + 2 * len(text)
    kinds = {unicodedata.category(letter) for letter in text}
    assert not kinds & {"Cc", "Cf", "Cs", "Zs", "Zl", "Zp"}
    assert min(text) > "\x7f"


def test_parts_are_the_same_text_each_time():
    data = b"0123456789" * 100
    assert packed(data) == packed(data)
    found = packed(data)
    assert gzip.decompress(of_text(found["text"], found["length"])) == data


@pytest.mark.parametrize("dtype", [np.float32, np.float16])
def test_weights_compress_better_by_their_bytes_and_are_all_there(rng, dtype):
    kind = TensorProto.FLOAT if dtype is np.float32 else TensorProto.FLOAT16
    weights = [rng.normal(0, 0.1, (64, 400)).astype(dtype), rng.normal(0, 1, 9).astype(dtype)]
    tensors = [numpy_helper.from_array(each, f"w{i}") for i, each in enumerate(weights)]
    output = helper.make_tensor_value_info("y", kind, None)
    node = helper.make_node("Identity", ["w0"], ["y"])
    graph = helper.make_graph([node], "g", [], [output], tensors)
    data = helper.make_model(graph).SerializeToString()
    found, places = separated(data)
    ((start, length, size),) = places
    assert size == weights[0].itemsize
    assert len(gzip.compress(found)) < 0.97 * len(gzip.compress(data))
    apart = np.frombuffer(found[start : start + length], np.uint8).reshape(size, -1)
    whole = found[:start] + apart.T.tobytes() + found[start + length :]
    assert onnx.load_from_string(whole) == onnx.load_from_string(data)
