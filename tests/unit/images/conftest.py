"""Images that several tests share."""

import numpy as np
import pytest
from PIL import Image

from tests.helpers.dicom import deep_pixels


@pytest.fixture
def radiograph(rng):
    """A smooth grey image, shape (90, 120)."""
    coarse = Image.fromarray(rng.integers(0, 255, (6, 8), dtype=np.uint8))
    return np.array(coarse.resize((120, 90), Image.Resampling.BICUBIC))


@pytest.fixture
def deep(rng):
    """Pixels of 12 bits."""
    return deep_pixels(rng)
