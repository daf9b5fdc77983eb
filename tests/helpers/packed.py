"""Columns as the page unpacks them."""

import base64

import numpy as np


def unpack(column):
    return np.frombuffer(base64.b64decode(column["data"]), column["type"])
