"""A full disk is said as such by every writer, and nothing half-written is left."""

import errno

import numpy as np
import pandas as pd
import pytest
import torch

from cxr.core.io import (
    new_array,
    write_array,
    write_arrays,
    write_csv,
    write_json,
    write_table,
)
from cxr.networks.architecture import build_network
from cxr.networks.weights import save_model
from cxr.training.checkpoint import Checkpoint
from tests.conftest import disk

pytestmark = pytest.mark.root

NOISE = np.random.default_rng(0).random(200_000)


def fill(path):
    with new_array(path, NOISE.shape, np.uint8) as array:
        array[:] = 1
    with new_array(path.with_suffix(".2"), NOISE.shape, np.uint8) as array:
        array[:] = 1


WRITERS = {
    "csv": lambda path: write_csv(pd.DataFrame({"a": NOISE}), path),
    "json": lambda path: write_json(NOISE.tolist(), path),
    "npy": lambda path: write_array(NOISE, path),
    "npz": lambda path: write_arrays({"a": NOISE}, path),
    "memory-mapped": fill,
    "parquet": lambda path: write_table(pd.DataFrame({"a": NOISE}), path),
    "checkpoint": lambda path: Checkpoint(path, {}, "", "").save({"a": torch.tensor(NOISE)}),
    "safetensors": lambda path: save_model(
        build_network("conv5", 2, 64, 0.0, 0), {}, path, path.with_suffix(".json")
    ),
}


@pytest.mark.parametrize("writer", WRITERS)
def test_a_full_disk_is_named_and_nothing_is_left(writer, tmp_path):
    with disk(tmp_path / "small", 300_000) as small:
        with pytest.raises(OSError, match="No space left on device") as error:
            WRITERS[writer](small / "file")
        assert error.value.errno == errno.ENOSPC
        left = {path.name for path in small.iterdir()}
        assert left <= ({"file"} if writer == "memory-mapped" else set())
