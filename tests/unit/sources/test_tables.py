"""Tables are read as text whatever program wrote them, or end in one line that says why not."""

import bz2
import gzip
import lzma
import zipfile
from datetime import datetime

import numpy as np
import openpyxl
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from cxr.core.errors import InputError
from cxr.sources import ieee8023
from cxr.sources.tables import cell_text, read_table
from tests.helpers.metadata_csv import row, write

ROWS = [["image", "age", "place"], ["ä.png", "40,5", "Rome, Italy"], ["b.png", "7", "Graz"]]


def texts(path, wanted=()):
    return read_table(path, wanted).rows.to_numpy().tolist()


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16", "utf-16-le", "utf-16-be", "utf-32"]
)
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_separator_and_encoding_are_found_out(tmp_path, separator, encoding, end):
    lines = [separator.join(f'"{c}"' if separator in c else c for c in line) for line in ROWS]
    path = tmp_path / "a.txt"
    path.write_bytes(end.join([*lines, ""]).encode(encoding))
    table = read_table(path)
    assert table.rows.columns.tolist() == ROWS[0]
    assert table.rows.to_numpy().tolist() == ROWS[1:]
    assert table.problems.isna().all()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("sep=|\na|b\n1,5|2\n", [["1,5", "2"]]),
        ("a\nx\ny z\n", [["x"], ["y z"]]),
        ("a;b, c; d\n1;2, 3;4\n", [["1", "2, 3", "4"]]),
        ("a,b,,\n1,2,,\n3,4\n5,6,,,,\n", [["1", "2"], ["3", "4"], ["5", "6"]]),
        ("\n ;\n\n A ; b \n1;2\n;\n3;4\n\n", [["1", "2"], ["3", "4"]]),
        ('"a","b"\n"1","x\ny"\n', [["1", "x\ny"]]),
        ('a\tb\n5" tube\tx\n', [['5" tube', "x"]]),
        ("a b\n1 x 2\n2 y 3\n", [["1 x 2"], ["2 y 3"]]),
        ("a   b\n 1  x\n22  y \n", [["1", "x"], ["22", "y"]]),
        ('"image" "age"\n"1" "x" 2\n'.replace(" ", ","), [["x", "2"]]),
        ('"a,b"\n"1,""x, y"""\n"2,z"\n', [["1", "x, y"], ["2", "z"]]),
        ('\n"a;b"\n"1;x"\n\n', [["1", "x"]]),
    ],
)
def test_tables_are_read_as_programs_write_them(tmp_path, text, expected):
    (tmp_path / "a.csv").write_text(text)
    table = read_table(tmp_path / "a.csv")
    assert table.rows.iloc[:, : len(expected[0])].to_numpy().tolist() == expected
    assert table.problems.isna().all()


def test_a_title_above_the_header_is_left_out(tmp_path):
    (tmp_path / "a.csv").write_text("Export of 3 March, PACS\n\nImage;Age\na.png;40\n")
    assert texts(tmp_path / "a.csv", ["image", "age"]) == [["a.png", "40"]]


def test_columns_of_a_table_without_header_are_numbered(tmp_path):
    (tmp_path / "a.txt").write_text("3 a.png positive sirm\n4 b.png negative rsna\n")
    table = read_table(tmp_path / "a.txt", ["2", "3"])
    assert table.rows[["2", "3"]].to_numpy().tolist() == [
        ["a.png", "positive"],
        ["b.png", "negative"],
    ]


def test_a_row_of_another_length_costs_itself(tmp_path):
    lines = ["image,age,place", "a.png,1,Graz", "b.png,2,Rome, Italy", "c.png,3", "d.png,4,Graz,,"]
    (tmp_path / "a.csv").write_text("\n".join(lines))
    table = read_table(tmp_path / "a.csv")
    assert table.problems.to_dict() == {
        2: None,
        3: "4 cells where the header has 3",
        4: "2 cells where the header has 3",
        5: None,
    }
    assert table.rows["image"].tolist() == ["a.png", "b.png", "c.png", "d.png"]


@pytest.mark.parametrize("rows_after", [3, 20_000])
def test_a_quote_that_is_not_closed_costs_its_line(tmp_path, rows_after):
    lines = ["image,dx,pos", "a.png,normal,PA", 'b.png,"normal,PA', *["c.png,,"] * rows_after]
    lines[-1] = 'd.png,"Rome, Italy",AP'
    (tmp_path / "a.csv").write_text("\n".join(lines))
    table = read_table(tmp_path / "a.csv")
    assert table.problems.dropna().to_dict() == {3: "a quote that is not closed in its line"}
    assert len(table.rows) == 2 + rows_after
    assert table.rows["dx"].iloc[-1] == "Rome, Italy"


def test_many_quotes_that_are_not_closed_end_the_reading(tmp_path):
    lines = ["a,b", *[f'{i},"x' for i in range(301)]]
    (tmp_path / "a.csv").write_text("\n".join(lines))
    with pytest.raises(InputError, match=r"the row that begins in line .* can't be read"):
        read_table(tmp_path / "a.csv")


def test_a_compressed_table_is_read(tmp_path):
    (tmp_path / "a.csv.gz").write_bytes(gzip.compress(b"a,b\n1,2\n"))
    assert texts(tmp_path / "a.csv.gz") == [["1", "2"]]
    (tmp_path / "b.csv.gz").write_bytes(gzip.compress(b"a,b\n1,2\n" * 99)[:-30])
    with pytest.raises(InputError, match="not a whole gzip file"):
        read_table(tmp_path / "b.csv.gz")


def archive(**parts):
    def make(path):
        with zipfile.ZipFile(path, "w") as stored:
            for name, data in parts.items():
                stored.writestr(name.replace("_", "/") + ".xml", data)

    return make


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda p: p.write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"), "an old or encrypted work"),
        (lambda p: p.write_bytes(b"%PDF-1.7"), "a PDF document"),
        (lambda p: p.write_bytes(bz2.compress(b"a,b")), "a file compressed with bzip2"),
        (lambda p: p.write_bytes(lzma.compress(b"a,b")), "a file compressed with xz"),
        (lambda p: pd.DataFrame({"a": [1, 2]}).to_pickle(p), "not a table of text; store it"),
        (lambda p: p.write_text("\ufeff \n<!DOCTYPE html><table>"), "an HTML page"),
        (lambda p: p.write_text('[{"image": 1}]'), "JSON, not a table"),
        (lambda p: p.write_text("version https://git-lfs.github.com/spec/v1\n"), "git lfs pull"),
        (lambda p: p.write_bytes(b"PK\x03\x04 cut short"), "not a whole xlsx table"),
        (lambda p: p.write_bytes(b"PAR1 cut short"), "not a whole"),
        (lambda p: p.write_bytes(b""), "no header; the file is empty"),
        (lambda p: p.mkdir(), "a folder, not a table"),
        (lambda p: None, "no such file"),
        (archive(content=""), "an OpenDocument file"),
        (lambda p: np.save(p.open("wb"), np.ones(3)), "an array of numpy, not a table"),
        (lambda p: np.savez(p.open("wb"), x=np.ones(3)), "arrays of numpy .NPZ., not a table"),
        (archive(word_document=""), "a document, not a table"),
        (archive(cohort=""), "a zip archive, not a table"),
    ],
)
def test_what_is_no_table_is_named(tmp_path, make, reason):
    make(tmp_path / "a.csv")
    with pytest.raises(InputError, match=rf"a.csv: {reason}|git lfs pull"):
        read_table(tmp_path / "a.csv")


@pytest.mark.parametrize("name", ["a.csv", "a.parquet", "a.XLSX", "a"])
def test_the_content_decides_and_not_the_suffix(tmp_path, name):
    frame = pd.DataFrame({"image": ["a.png"], "age": [40]})
    frame.to_excel(tmp_path / "book.xlsx", index=False)
    frame.to_parquet(tmp_path / "file.parquet")
    frame.to_csv(tmp_path / "text.csv", index=False)
    for written in ("book.xlsx", "file.parquet", "text.csv"):
        (tmp_path / name).write_bytes((tmp_path / written).read_bytes())
        assert texts(tmp_path / name) == [["a.png", "40"]]


def workbook(path, **sheets):
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for cells in rows:
            sheet.append(cells)
    book.save(path)
    return book


def test_the_sheet_and_the_row_with_the_columns_are_found(tmp_path):
    notes = [["Notes"], ["image means the file"]]
    cohort = [["Cohort of 2020", None], [None, None], ["Image ", "age"], ["a.png", 40]]
    workbook(tmp_path / "a.xlsx", Notes=notes, Cohort=cohort)
    table = read_table(tmp_path / "a.xlsx", ["image", "age"])
    assert table.rows.to_dict("list") == {"Image": ["a.png"], "age": ["40"]}
    assert table.rows.index.tolist() == [4]
    assert read_table(tmp_path / "a.xlsx", ["img", "age"]).rows.columns.tolist() == ["Image", "age"]
    assert read_table(tmp_path / "a.xlsx", ["nothing"]).rows.columns.tolist() == ["Notes"]


def test_cells_of_a_workbook_become_text(tmp_path):
    cells = [7, 7.0, 0.5, True, datetime(2020, 3, 16, 9), "#N/A", "=1/0", None, "", "007"]
    workbook(tmp_path / "a.xlsx", S=[[f"c{i}" for i in range(len(cells))], cells])
    [read] = texts(tmp_path / "a.xlsx")
    assert read[:5] == ["7", "7", "0.5", "True", "2020-03-16"]
    assert read[5:] == [None, None, None, None, "007"]


@pytest.mark.parametrize(
    ("cell", "text"),
    [(1e22, "10000000000000000000000"), (float("nan"), None), (float("inf"), "inf"), (-0.0, "0")],
)
def test_any_number_has_a_text(cell, text):
    assert cell_text(cell) == text


def test_a_cell_merged_across_rows_counts_for_each(tmp_path):
    book = openpyxl.Workbook()
    for line in (["pid", "image", "label"], [7, "a.png", "normal"], [None, "b.png", None]):
        book.active.append(line)
    book.active.merge_cells("A2:A3")
    book.save(tmp_path / "a.xlsx")
    rows = [["7", "a.png", "normal"], ["7", "b.png", None]]
    assert texts(tmp_path / "a.xlsx", ["pid", "image"]) == rows


def test_formulas_without_values_are_told(tmp_path, caplog):
    workbook(tmp_path / "a.xlsx", S=[["image", "age"], ["a.png", "=50+8"]])
    assert texts(tmp_path / "a.xlsx") == [["a.png", None]]
    assert "formulas without their values" in caplog.text


@pytest.mark.parametrize("index", ["image", ["image", "pid"], None])
def test_an_index_of_pandas_is_columns(tmp_path, index):
    frame = pd.DataFrame({"image": ["a.png", "b.png"], "pid": [7, 8], "dx": ["x", None]})
    (frame.set_index(index) if index else frame).to_parquet(tmp_path / "a.parquet")
    rows = read_table(tmp_path / "a.parquet", ["image", "dx"]).rows
    assert rows[["image", "dx"]].to_numpy().tolist() == [["a.png", "x"], ["b.png", None]]


def test_an_index_without_a_name_is_the_column_index(tmp_path):
    pd.DataFrame({"dx": ["x"]}, index=["a.png"]).to_parquet(tmp_path / "a.parquet")
    assert read_table(tmp_path / "a.parquet").rows["index"].tolist() == ["a.png"]


def test_values_of_parquet_become_text(tmp_path):
    columns = {
        "gaps": [7.0, None],
        "large": [2**60 + 1, 5],
        "kind": pd.Categorical(["x", None]),
        "day": pd.to_datetime(["2020-03-16 09:00", None]),
        "flag": [True, None],
        "numbers": [[1.0], [2.0]],
    }
    pq.write_table(pa.Table.from_pandas(pd.DataFrame(columns)), tmp_path / "a.parquet")
    rows = read_table(tmp_path / "a.parquet", ["Gaps", "large", "kind", "day", "flag"]).rows
    assert rows.to_numpy().tolist() == [
        ["7", "1152921504606846977", "x", "2020-03-16", "True"],
        [None, "5", None, None, None],
    ]


def test_a_column_of_lists_of_texts_is_named(tmp_path):
    pq.write_table(pa.table({"image": ["a"], "dx": [["x", "y"]]}), tmp_path / "a.parquet")
    with pytest.raises(InputError, match="the column 'dx' holds lists or records of texts"):
        read_table(tmp_path / "a.parquet", ["image", "dx"])
    assert texts(tmp_path / "a.parquet", ["image"]) == [["a"]]


def test_bytes_that_are_not_utf8_are_read_and_their_lines_named(tmp_path, caplog):
    folder = write(
        tmp_path, row(1, "a.png"), row(2, "b.png", location="Jönköping, Sweden"), encoding="cp1252"
    )
    rows = ieee8023.read("s", folder).rows
    assert rows["location"].tolist()[1] == "Jönköping, Sweden"
    assert "line 3 is not UTF-8" in caplog.text


def test_quoted_line_breaks_blank_rows_and_windows_line_ends_are_read(tmp_path):
    lines = [
        row(1, "a.png", location="Rome,\nItaly") + "\r",
        ",,,,,,,,,,,,,\r",
        row(2, "b.png") + "\r",
    ]
    rows = ieee8023.read("s", write(tmp_path, *lines)).rows
    assert rows["file"].tolist() == ["images/a.png", "images/b.png"]
    assert rows["country"].tolist()[0] == "Italy"
