"""Columns hold what pyarrow's own conversions would make of the same values."""

import subprocess
import sys

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cxr.core.arrow import to_column, to_lists, to_numpy


@given(st.lists(st.text()))
def test_text_is_kept(texts):
    assert to_column(texts, pa.string(), len(texts)).to_pylist() == texts


@given(st.lists(st.floats(allow_nan=False)), st.integers(0, 5))
def test_numbers_are_kept_both_ways(numbers, skipped):
    column = to_column(np.array(numbers, float), pa.float64(), len(numbers))
    column.validate(full=True)
    assert column.to_pylist() == numbers
    chunked = pa.chunked_array([column, column], pa.float64())
    np.testing.assert_array_equal(to_numpy(chunked), numbers + numbers)
    np.testing.assert_array_equal(to_numpy(chunked.slice(skipped)), (numbers + numbers)[skipped:])


@given(st.lists(st.lists(st.integers(-9, 9))))
def test_lists_are_kept(lists):
    lengths = np.array([len(inner) for inner in lists], int)
    values = np.array([number for inner in lists for number in inner], np.int32)
    assert to_lists(lengths, values, pa.list_(pa.int32())).to_pylist() == lists


def test_nulls_are_made_and_not_read_as_numbers():
    column = to_column(None, pa.float64(), 3)
    assert column.to_pylist() == [None] * 3
    with pytest.raises(ValueError, match="3 of 3 values are null"):
        to_numpy(pa.chunked_array([column]))


def test_the_jobs_of_a_grid_do_without_pandas(tmp_path):
    code = """
import sys
import numpy as np
sys.path.insert(0, "workflow/scripts")
from cxr.clustering.grid import DbscanSettings, sweep_dbscan
from cxr.core.io import read_arrow, write_table
from cxr.embedding.tsne import EMBEDDINGS, map_table
path = sys.argv[1]
write_table(map_table(np.array(["a", "b"]), "pca", np.eye(2)), path)
write_table(sweep_dbscan(read_arrow(path), DbscanSettings((0.5,), (1,))), path)
print([name for name in ("pandas", "sklearn", "torch") if name in sys.modules])
"""
    command = [sys.executable, "-c", code, str(tmp_path / "t.parquet")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
