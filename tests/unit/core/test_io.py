"""Files are whole or not there, and a damaged one is named."""

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from cxr.core.errors import InputError
from cxr.core.io import (
    ROW_GROUP,
    atomic,
    new_array,
    read_array,
    read_arrays,
    read_csv,
    read_json,
    read_notes,
    read_table,
    write_array,
    write_arrays,
    write_csv,
    write_json,
    write_table,
)

TABLE = pd.DataFrame({"a": [1, 2], "b": ["x", None], "c": [[1], [2, 3]]})


def test_a_table_comes_back_with_its_notes(tmp_path):
    write_table(TABLE, tmp_path / "new" / "t.parquet", notes={"model": "abc"})
    back = read_table(tmp_path / "new" / "t.parquet")
    assert back["a"].tolist() == [1, 2]
    assert back["b"].isna().tolist() == [False, True]
    assert [list(row) for row in back["c"]] == [[1], [2, 3]]
    assert read_notes(tmp_path / "new" / "t.parquet") == {"model": "abc"}


def test_the_same_table_gives_the_same_bytes(tmp_path):
    write_table(TABLE, tmp_path / "1.parquet")
    write_table(TABLE.copy(), tmp_path / "2.parquet")
    assert (tmp_path / "1.parquet").read_bytes() == (tmp_path / "2.parquet").read_bytes()


def test_a_large_table_is_stored_in_groups_of_rows(tmp_path):
    table = pd.DataFrame({"a": np.arange(2 * ROW_GROUP + 1)})
    write_table(table, tmp_path / "t.parquet")
    with pq.ParquetFile(tmp_path / "t.parquet") as stored:
        assert stored.num_row_groups == 3
        assert stored.read_row_group(2)["a"].to_pylist() == [2 * ROW_GROUP]
    assert read_table(tmp_path / "t.parquet").equals(table)


def test_a_table_with_a_flipped_bit_is_damaged(tmp_path):
    path = tmp_path / "t.parquet"
    write_table(pd.DataFrame({"a": np.random.default_rng(0).random(5000)}), path)
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    with pytest.raises(InputError, match=r"t\.parquet: not a whole Parquet file"):
        read_table(path)


def test_a_failed_write_leaves_the_old_file_and_nothing_beside_it(tmp_path):
    target = tmp_path / "t.txt"
    target.write_text("old")

    def fail():
        with atomic(target) as temporary:
            temporary.write_text("half")
            raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        fail()
    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]


@pytest.mark.parametrize(
    ("write", "read", "name"),
    [
        (lambda path: write_table(TABLE, path), read_table, "t.parquet"),
        (lambda path: write_array(np.arange(100), path), read_array, "a.npy"),
        (lambda path: write_arrays({"a": np.arange(100)}, path), read_arrays, "a.npz"),
        (lambda path: write_json({"a": [1, 2]}, path), read_json, "a.json"),
    ],
)
def test_a_truncated_file_is_named(tmp_path, write, read, name):
    path = tmp_path / name
    write(path)
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(InputError, match=f"{name}: not a whole "):
        read(path)


def test_a_missing_column_is_named(tmp_path):
    write_table(TABLE, tmp_path / "t.parquet")
    with pytest.raises(InputError, match=r"t\.parquet.*z"):
        read_table(tmp_path / "t.parquet", columns=["a", "z"])


def test_a_new_array_appears_when_it_is_filled(tmp_path):
    with new_array(tmp_path / "a.npy", (2, 3), np.uint8) as array:
        array[:] = 7
        assert not (tmp_path / "a.npy").exists()
    assert read_array(tmp_path / "a.npy").tolist() == [[7] * 3] * 2


def test_json_refuses_what_json_can_not_hold(tmp_path):
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_json({"a": float("nan")}, tmp_path / "a.json")
    assert list(tmp_path.iterdir()) == []


def test_csv_keeps_text_that_looks_like_a_missing_value(tmp_path):
    table = pd.DataFrame({"reason": ["NA", "null", 'a "quoted", text'], "n": [1, 2, 3]})
    write_csv(table, tmp_path / "t.csv")
    pd.testing.assert_frame_equal(read_csv(tmp_path / "t.csv"), table)
