"""A folder of images and a table as somebody else has them."""

import numpy as np
import pytest
from PIL import Image

HEADER = "Bild-Nr;Pat.Nr.;Geschlecht;Alter;Befund;Aufnahmedatum;Gerät;Station;Patientenname;Notiz"


@pytest.fixture
def folder(tmp_path):
    """60 images of 30 patients, and a table with headers in another language than the tool's."""
    rng = np.random.default_rng(0)
    images = tmp_path / "cohort one" / "Bilder"
    images.mkdir(parents=True)
    lines = [HEADER]
    for i in range(60):
        pixels = rng.normal(120, 20, (90, 80))
        pixels[20:40, 20:60] += 40 * (i % 2)
        Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).save(images / f"img_{i:03d}.png")
        finding = "COVID-19" if i % 2 else "normal"
        maker = "GE" if i % 4 < 2 else "Siemens"
        lines.append(
            f"img_{i:03d};{i // 2:04d};{'w' if i % 3 else 'm'};{30 + i % 40},5;{finding};"
            f"{1 + i % 28:02d}.03.2020;{maker};7;Name {i // 2};Notiz {i} mit ü"
        )
    (images.parent / "Liste.csv").write_text("\n".join(lines), encoding="cp1252")
    return images.parent
