"""The private cluster, shared by its tests."""

import shutil
import tempfile
from pathlib import Path

import pytest

from tests.slurm.cluster import started


@pytest.fixture(scope="session")
def cluster():
    """A running SLURM of one node."""
    # Not below pytest's folder, which munge's user may not enter.
    folder = Path(tempfile.mkdtemp(prefix="cxr-slurm-"))
    folder.chmod(0o755)
    with started(folder) as running:
        yield running
    shutil.rmtree(folder)
