"""Text tables are read whatever program wrote them."""

from cxr.sources import ieee8023
from tests.helpers.metadata_csv import row, write


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
