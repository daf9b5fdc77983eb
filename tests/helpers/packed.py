"""Columns as the page unpacks them."""

import base64
import gzip
import json

import numpy as np


def unpack(column):
    return np.frombuffer(base64.b64decode(column["data"]), column["type"])


def uncompressed(written):
    """The document of a page."""
    return json.loads(gzip.decompress(base64.b64decode(written)))
