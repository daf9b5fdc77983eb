"""Tables, arrays and weights of a stranger are bounded before they are expanded."""

import zipfile

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch

from cxr.core.errors import InputError
from cxr.core.io import read_arrays, write_arrays
from cxr.core.parquet_bounds import bounded_columns
from cxr.core.state_dict import read_state_dict

N = 1_000_000


def beginnings(n):
    """Texts of which each is the one before and a letter."""
    return pa.array(["x" * i for i in range(n)])


@pytest.mark.parametrize(
    ("column", "options"),
    [
        (pa.array(np.zeros(20 * N)), {"compression": "zstd", "use_dictionary": False}),
        (pa.array(np.zeros(20 * N)), {}),
        (pa.nulls(20 * N, pa.float64()), {}),
        (pa.DictionaryArray.from_arrays(np.zeros(N, np.int32), ["x" * 10_000]), {}),
        (
            beginnings(20_000),
            {"use_dictionary": False, "column_encoding": "DELTA_BYTE_ARRAY", "compression": "zstd"},
        ),
    ],
    ids=["zeros", "one number", "nulls", "one long text", "beginnings"],
)
def test_a_small_parquet_file_that_expands_is_refused(tmp_path, column, options):
    pq.write_table(pa.table({"a": column}), tmp_path / "a.parquet", store_schema=False, **options)
    assert (tmp_path / "a.parquet").stat().st_size < 2_000_000
    with pytest.raises(InputError, match=r"a.parquet: expands to more than 100 MB"):
        bounded_columns(tmp_path / "a.parquet", 100 * 10**6)


def test_the_columns_of_an_ordinary_parquet_file_are_read(tmp_path):
    table = pa.table({"a": ["x", None], "e": [[1.0], [2.0]], "t": [["u"], ["v"]], "n": [1, 2]})
    pq.write_table(table, tmp_path / "a.parquet")
    assert bounded_columns(tmp_path / "a.parquet", 10**6) == ["a", "e", "n"]


def compressed(path):
    """Packs the entries of a zip again, compressed."""
    with zipfile.ZipFile(path) as stored:
        entries = [(name, stored.read(name)) for name in stored.namelist()]
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, data in entries:
            packed.writestr(name, data)


def test_compressed_arrays_are_refused(tmp_path):
    write_arrays({"a": np.zeros(N)}, tmp_path / "a.npz")
    assert read_arrays(tmp_path / "a.npz")["a"].shape == (N,)
    compressed(tmp_path / "a.npz")
    with pytest.raises(InputError, match=r"a.npz: expands when it is read"):
        read_arrays(tmp_path / "a.npz")


def test_compressed_weights_are_refused(tmp_path):
    torch.save({"a": torch.zeros(N)}, tmp_path / "a.pth")
    assert read_state_dict(tmp_path / "a.pth")["a"].shape == (N,)
    compressed(tmp_path / "a.pth")
    with pytest.raises(InputError, match=r"a.pth: expands when it is read"):
        read_state_dict(tmp_path / "a.pth")
