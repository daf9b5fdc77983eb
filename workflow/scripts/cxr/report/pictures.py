"""Figures inside the page, as small as they can be."""

import base64
import io
import re
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np
from PIL import Image

# What may stand as it is in an address inside double quotes; the rest is percent-encoded.
PLAIN = " /:;=,()[]{}@!*?+$|^~'"
TAG, ATTRIBUTE = re.compile(r"<[^<>]*>"), re.compile(r"""(\s[\w:.-]+=)"([^"']*)\"""")
STORED = re.compile(r"data:image/png;base64,([A-Za-z0-9+/=\s]+)")
# Nothing is read from elsewhere, and places keep five digits.
OPTIONS = [
    *("--disable-embed-rasters", "--strip-xml-prolog", "--remove-metadata", "--quiet"),
    *("--enable-id-stripping", "--shorten-ids", "--indent=none", "--no-line-breaks"),
]
QUALITY = 75


def picture(path: str) -> str:
    """An SVG file as a data address.

    Photographs inside it become WebP, heat maps PNG with a palette, and repeated
    definitions are merged; the file itself is unchanged. As text the address is shorter
    than in base64, and holds no character that means anything inside double quotes in HTML.
    """
    from scour import scour

    options = scour.parse_args(OPTIONS)
    svg = scour.scourString(Path(path).read_text(encoding="utf-8"), options)
    svg = STORED.sub(lambda match: _smaller(match[1]), svg)
    svg = TAG.sub(lambda tag: ATTRIBUTE.sub(r"\1'\2'", tag[0]), svg)
    return "data:image/svg+xml," + quote(svg, safe=PLAIN)


def _smaller(stored: str) -> str:
    """The address of an image that was stored as PNG, in the smallest of the forms above."""
    whole = base64.b64decode(re.sub(r"\s", "", stored))
    image: Image.Image = Image.open(io.BytesIO(whole), formats=["PNG"])
    forms = [(len(whole), "png", whole)]
    if image.mode != "RGBA" or image.getchannel("A").getextrema() == (255, 255):
        image = image.convert("RGB")
        if image.getcolors(256) is not None:
            data = _saved(_with_palette(image), "PNG", optimize=True)
            forms.append((len(data), "png", data))
        data = _saved(image, "WEBP", quality=QUALITY, method=6)
        # It is not exact, so it has to be worth it.
        forms.append((2 * len(data), "webp", data))
    _, kind, data = min(forms)
    return f"data:image/{kind};base64,{base64.b64encode(data).decode('ascii')}"


def _with_palette(image: Image.Image) -> Image.Image:
    """An image of at most 256 colours with exactly these as its palette."""
    pixels = np.asarray(image)
    colours, index = np.unique(pixels.reshape(-1, 3), axis=0, return_inverse=True)
    small = Image.fromarray(index.reshape(pixels.shape[:2]).astype(np.uint8), "P")
    small.putpalette(colours.astype(np.uint8).tobytes())
    return small


def _saved(image: Image.Image, kind: str, **options: Any) -> bytes:
    data = io.BytesIO()
    image.save(data, kind, **options)
    return data.getvalue()
