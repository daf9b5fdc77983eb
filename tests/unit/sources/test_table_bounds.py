"""A table is as large as it looks, or refused before it is expanded."""

import zipfile

import openpyxl
import pytest

from cxr.core.errors import InputError
from cxr.sources.tables import read_table

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
SHARED_STRINGS = "application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"


def far_cells(path):
    """A workbook of two cells, in opposite corners of the sheet."""
    book = openpyxl.Workbook()
    sheet = book.active
    sheet["XFD1"], sheet["A1048576"] = "a", "b"
    book.save(path)


def zeros(path):
    book = openpyxl.Workbook()
    book.active["A1"] = "a"
    book.save(path)
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as parts:
        parts.writestr("xl/zeros.xml", bytes(200_000_000))


def repeated(path):
    """One long text in many cells; the file holds it once."""
    book = openpyxl.Workbook()
    book.active["A1"] = "a"
    book.save(path)
    with zipfile.ZipFile(path) as parts:
        held = {name: parts.read(name).decode() for name in parts.namelist()}
    [sheet] = [name for name in held if name.endswith("sheet1.xml")]
    rows = "".join(f'<row r="{i}"><c r="A{i}" t="s"><v>0</v></c></row>' for i in range(1, 5_001))
    before, after = held[sheet].split("<sheetData>")[0], held[sheet].split("</sheetData>")[1]
    held[sheet] = f"{before}<sheetData>{rows}</sheetData>{after}"
    held["xl/sharedStrings.xml"] = f'<sst xmlns="{MAIN}"><si><t>{"x" * 32_000}</t></si></sst>'
    part = f'<Override PartName="/xl/sharedStrings.xml" ContentType="{SHARED_STRINGS}"/></Types>'
    types = "[Content_Types].xml"
    held[types] = held[types].replace("</Types>", part)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as parts:
        for name, text in held.items():
            parts.writestr(name, text)


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (far_cells, "more than 10 million cells"),
        (zeros, "it expands to more than 128 MB"),
        (repeated, "more than 128 MB of text"),
    ],
)
def test_a_small_workbook_that_expands_is_refused(tmp_path, make, reason):
    make(tmp_path / "a.xlsx")
    assert (tmp_path / "a.xlsx").stat().st_size < 1_000_000
    with pytest.raises(InputError, match=rf"a.xlsx: {reason}; leave out columns"):
        read_table(tmp_path / "a.xlsx")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("a" + "," * 10_000 + "\n" + "x\n" * 10_000, "more than 10 million cells"),
        ("a\n" + "\n" * 10_000_001, "more than 10 million cells"),
    ],
    ids=["short rows under a wide header", "blank rows"],
)
def test_a_small_csv_that_expands_is_refused(tmp_path, text, reason):
    (tmp_path / "a.csv").write_text(text)
    with pytest.raises(InputError, match=rf"a.csv: {reason}; leave out columns"):
        read_table(tmp_path / "a.csv")
