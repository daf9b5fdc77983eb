"""A graph's large weights with fewer bits; it computes in float32."""

from collections.abc import Callable

import numpy as np

# Smaller tensors, and vectors, which are biases and statistics, are no weight in the file.
SHORTENED_FROM = 1024
GREATEST = 2**15 - 1
# From a weight's values to those that are stored and their scale, None without one.
Form = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray | None]]


def as_float16(values: np.ndarray) -> tuple[np.ndarray, None]:
    """Values as float16, those beyond its range at its ends; they have no scale."""
    limit = np.finfo(np.float16).max
    return np.clip(values, -limit, limit).astype(np.float16), None


def as_int16(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Values as whole numbers of 16 bits, with a scale for each output channel.

    Parameters
    ----------
    values : float32 array, shape (channels, ...)

    Returns
    -------
    int16 array of the same shape
    float32 array, shape (channels, 1, ...)
        By which to multiply: the greatest value of a channel is 32767.
    """
    axes = tuple(range(1, values.ndim))
    scale = (np.abs(values).max(axis=axes, keepdims=True) / GREATEST).astype(np.float32)
    scale[scale == 0] = 1
    whole = np.rint(values / scale).clip(-GREATEST, GREATEST)
    return whole.astype(np.int16), scale


def as_float24(values: np.ndarray) -> tuple[np.ndarray, None]:
    """Values as float32 whose last 8 bits are 0, which compression leaves out; they have no scale.

    Rounded to the nearest; the greatest values of float32 are cut, so that none becomes infinite.
    """
    limit = np.array(0x7F7FFF00, np.uint32).view(np.float32)
    bits = np.clip(values, -limit, limit).astype(np.float32).view(np.uint32)
    return ((bits + np.uint32(0x80)) & np.uint32(0xFFFFFF00)).view(np.float32), None


# By the name that the page gives them, the smaller files first.
FORMS: dict[str, Form] = {"float16": as_float16, "int16": as_int16, "float24": as_float24}


def shortened(onnx: bytes, precision: str) -> bytes:
    """A graph with its large weights in one of `FORMS`."""
    import onnx as library
    from onnx import TensorProto, helper, numpy_helper

    model = library.load_from_string(onnx)
    graph = model.graph
    nodes, scales = [], []
    for tensor in graph.initializer:
        small = len(tensor.dims) < 2 or np.prod(tensor.dims) < SHORTENED_FROM
        if tensor.data_type != TensorProto.FLOAT or small:
            continue
        name = tensor.name
        short, scale = FORMS[precision](numpy_helper.to_array(tensor))
        if short.dtype == np.float32:
            tensor.CopyFrom(numpy_helper.from_array(short, name))
            continue
        tensor.CopyFrom(numpy_helper.from_array(short, f"{name}_16"))
        unscaled = name if scale is None else f"{name}_unscaled"
        nodes.append(helper.make_node("Cast", [tensor.name], [unscaled], to=TensorProto.FLOAT))
        if scale is not None:
            scales.append(numpy_helper.from_array(scale, f"{name}_scale"))
            nodes.append(helper.make_node("Mul", [unscaled, scales[-1].name], [name]))
    nodes += graph.node
    del graph.node[:]
    graph.node.extend(nodes)
    graph.initializer.extend(scales)
    return bytes(model.SerializeToString())
