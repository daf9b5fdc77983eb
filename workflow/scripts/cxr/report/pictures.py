"""Figures inside the page, as small as they can be."""

import base64
import io
import re
from pathlib import Path
from urllib.parse import quote

from PIL import Image

# What may stand as it is in an address inside quotes; the rest is percent-encoded.
PLAIN = " /:;=,()[]{}@!*?+$|^~"
STORED = re.compile(r"data:image/png;base64,([A-Za-z0-9+/=\s]+)")
QUALITY = 85


def picture(path: str) -> str:
    """An SVG file as a data address.

    Photographs inside it become JPEG, a small part of the size; the file keeps them
    whole. As text the address is shorter than in base64, and holds no character that
    means anything in HTML.
    """
    drawn = Path(path).read_text(encoding="utf-8")
    drawn = STORED.sub(lambda found: _smaller(found[1]), re.sub(r"\s*\n\s*", " ", drawn))
    return f"data:image/svg+xml,{quote(drawn, safe=PLAIN)}"


def _smaller(stored: str) -> str:
    """The address of an image that was stored as PNG, as JPEG where that is much smaller."""
    whole = base64.b64decode(re.sub(r"\s", "", stored))
    image = Image.open(io.BytesIO(whole))
    if image.mode != "RGBA" or image.getchannel("A").getextrema() == (255, 255):
        data = io.BytesIO()
        image.convert("RGB").save(data, "JPEG", quality=QUALITY, optimize=True)
        if 2 * len(data.getvalue()) < len(whole):
            encoded = base64.b64encode(data.getvalue()).decode("ascii")
            return f"data:image/jpeg;base64,{encoded}"
    return f"data:image/png;base64,{base64.b64encode(whole).decode('ascii')}"
