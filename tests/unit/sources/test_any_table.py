"""Whatever a table holds, reading it ends in rows, rejections or one line that says why not."""

import csv
import io

import pandas as pd
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cxr.core.errors import InputError
from cxr.features.choice import choose_features
from cxr.features.external import DOCUMENTED, divide_table
from cxr.features.reading import read_features
from cxr.sources.table import TableLayout, read
from cxr.sources.tables import TextTable, read_table

ENCODINGS = ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252", "utf-32")
ANY = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
TEXT = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=12)
CELL = st.one_of(
    TEXT,
    st.sampled_from(["", "NA", "a.png", "A.PNG", "..\\x.png", "/a", "1", "1,5", '"', "#N/A"]),
    st.integers().map(str),
    st.floats().map(str),
)
ROWS = st.lists(st.lists(CELL, max_size=5), max_size=6)
CELLS = st.one_of(CELL, st.none(), st.booleans(), st.integers(-(2**63), 2**63 - 1), st.floats())
LAYOUT = TableLayout(
    reader="table",
    table="t",
    images="images",
    columns={"file": "image", "finding": "dx", "patient_id": "pid", "age_years": "age"},
    constants={"modality": "X-ray"},
)
HEADER = ["image", "dx", "pid", "age"]


def ends_well(folder):
    """Whether all that can be asked of a table gives rows and their problems, or one line."""
    path = folder / "t"
    for ask in (
        lambda: read_table(path),
        lambda: read_table(path, HEADER),
        lambda: read("own", folder, LAYOUT),
        lambda: divide_table(read_features(path, DOCUMENTED)[0], "net"),
    ):
        try:
            result = ask()
        except InputError as error:
            if not str(error).strip() or "\n" in str(error):
                return False
            continue
        problems = result.problems if isinstance(result, TextTable) else result.rejected
        if not isinstance(problems, pd.Series | pd.DataFrame):
            return False
    return True


def folder_of(tmp_path):
    (tmp_path / "images" / "deep").mkdir(parents=True, exist_ok=True)
    for name in ("a.png", "deep/b.PNG", "001.jpg"):
        (tmp_path / "images" / name).touch()
    return tmp_path


@ANY
@given(data=st.binary(max_size=400))
def test_any_bytes(tmp_path, data):
    folder = folder_of(tmp_path)
    (folder / "t").write_bytes(data)
    assert ends_well(folder)


@ANY
@given(
    rows=ROWS,
    header=st.one_of(st.just(HEADER), st.lists(CELL, max_size=5)),
    separator=st.sampled_from(",;\t|"),
    encoding=st.sampled_from(ENCODINGS),
    quoted=st.booleans(),
)
def test_any_separated_text(tmp_path, rows, header, separator, encoding, quoted):
    folder = folder_of(tmp_path)
    if quoted:
        stream = io.StringIO()
        csv.writer(stream, delimiter=separator).writerows([header, *rows])
        text = stream.getvalue()
    else:
        text = "\n".join(separator.join(row) for row in [header, *rows])
    (folder / "t").write_bytes(text.encode(encoding, errors="replace"))
    assert ends_well(folder)


@ANY
@given(rows=st.lists(st.lists(CELLS, min_size=4, max_size=4), min_size=1, max_size=5))
def test_any_cells_of_parquet_and_workbooks(tmp_path, rows):
    folder = folder_of(tmp_path)
    frame = pd.DataFrame(rows, columns=HEADER, dtype="object")
    same = frame.apply(lambda column: pd.Series(column.map(repr)))
    same["image"] = [str(cell) for cell in frame["image"]]
    same["n"] = [cell if isinstance(cell, float) else None for cell in frame["age"]]
    same.to_parquet(folder / "t")
    assert ends_well(folder)


@ANY
@given(
    rows=st.lists(st.lists(CELL, min_size=4, max_size=4), min_size=1, max_size=6),
    separator=st.sampled_from(",;\t|"),
    encoding=st.sampled_from([name for name in ENCODINGS if name != "cp1252"]),
)
def test_what_was_written_whole_is_read_whole(tmp_path, rows, separator, encoding):
    rows = [
        [f"x{i}", *("".join(c for c in cell if c.isprintable()) for cell in row)]
        for i, row in enumerate(rows)
    ]
    stream = io.StringIO()
    csv.writer(stream, delimiter=separator).writerows([["image", *"abcd"], *rows])
    (tmp_path / "t").write_bytes(stream.getvalue().encode(encoding))
    table = read_table(tmp_path / "t", ["image"])
    assert table.problems.isna().all()
    failed = {"#N/A"}
    expected = [[None if cell in failed else cell.strip("\ufeff") for cell in row] for row in rows]
    assert table.rows.to_numpy().tolist() == expected


@ANY
@given(
    kinds=st.dictionaries(TEXT, st.sampled_from(["float", "whole", "list", "other"]), max_size=8),
    named=st.one_of(st.none(), TEXT.filter(bool), st.lists(TEXT, max_size=3)),
)
def test_any_choice_of_features(kinds, named):
    try:
        chosen = choose_features(kinds, named)
    except InputError:
        return
    assert set(chosen) <= set(kinds)
    assert all(kinds[name] != "other" for name in chosen)
