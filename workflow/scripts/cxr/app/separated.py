"""The bytes of weights in the order in which they compress best."""

import numpy as np

# Fewer bytes of weights are left as they are.
SEPARATED_FROM = 1024


def separated(onnx: bytes) -> tuple[bytes, list[list[int]]]:
    """A graph whose weights have their first bytes first, then their second ones, and so on.

    Bytes with signs and exponents are much alike, and compress where they lie together.

    Returns
    -------
    bytes
        As many as before.
    list of [start, length, size]
        Where this was done, and the bytes of a number there.
    """
    import onnx as library
    from onnx import TensorProto

    sizes = {TensorProto.FLOAT: 4, TensorProto.FLOAT16: 2, TensorProto.INT16: 2}
    result, places, end = bytearray(onnx), [], 0
    for tensor in library.load_from_string(onnx).graph.initializer:
        raw, size = tensor.raw_data, sizes.get(tensor.data_type)
        if size is None or len(raw) < SEPARATED_FROM:
            continue
        start = onnx.index(raw, end)
        end = start + len(raw)
        numbers = np.frombuffer(raw, dtype=np.uint8).reshape(-1, size)
        result[start:end] = numbers.T.tobytes()
        places.append([start, len(raw), size])
    return bytes(result), places
