"""What all tests share."""

import os
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[1]
MIRROR = Path(os.environ.get("CXR_MIRROR", ROOT.parent / "shared" / "data"))


def pytest_collection_modifyitems(config, items):
    """Without the real data their tests are left out, in CI they fail."""
    if MIRROR.is_dir() or "CI" in os.environ:
        return
    kept = [item for item in items if "mirror" not in item.keywords]
    config.hook.pytest_deselected(items=[item for item in items if "mirror" in item.keywords])
    items[:] = kept


def pytest_report_header():
    """Where the real data are looked for."""
    found = "found" if MIRROR.is_dir() else "missing: its tests are deselected"
    return f"mirror of the real data: {MIRROR} ({found})"


@pytest.fixture(scope="session")
def mirror():
    """The folder with the real data."""
    assert MIRROR.is_dir(), f"no real data in {MIRROR}; set CXR_MIRROR"
    return MIRROR


@pytest.fixture
def rng():
    """A generator with a fixed seed."""
    return np.random.default_rng(2020)
