"""Rows that are no image are listed, and patients are kept apart or together."""

import pandas as pd
import pytest

from cxr.sources import ieee8023
from cxr.sources.files import NO_IMAGE, file_problem
from cxr.sources.rows import convert, divide_rows
from tests.helpers.metadata_csv import REVISION, row, write


def test_paths_that_mean_one_file_are_one_however_they_are_spelt(tmp_path):
    spelt = [row(1, "a.png"), row(1, "./a.png"), row(1, "a.png", folder="./images/")]
    folder = write(tmp_path, *spelt)
    (folder / "images").mkdir()
    (folder / "images" / "a.png").touch()
    reading = ieee8023.read("s", folder)
    assert reading.rows["file"].tolist() == ["images/a.png"]
    assert reading.rejected["reason"].tolist() == ["the same file in an earlier row"] * 2


def test_rows_that_are_no_image_are_listed(tmp_path):
    folder = write(
        tmp_path,
        row(1, ""),
        row(1, "scan.nii.gz", folder="volumes"),
        row(1, "../../etc/passwd.png"),
        row(1, "twice.png"),
        row(1, "twice.png"),
        row(1, "shared.png"),
        row(2, "shared.png"),
        row(3, "good.png"),
    )
    (folder / "images").mkdir()
    (folder / "images" / "orphan.png").touch()
    reading = ieee8023.read("s", folder)
    assert sorted(reading.rows["file"]) == ["images/good.png", "images/twice.png"]
    reasons = reading.rejected.groupby("file")["reason"].agg(list).to_dict()
    assert reasons == {
        "": ["no file name"],
        "volumes/scan.nii.gz": ["not an image file: a volume or a document"],
        "images/../../etc/passwd.png": ["the file name leaves the source's folder"],
        "images/twice.png": ["the same file in an earlier row"],
        "images/shared.png": ["one file under several patients"] * 2,
        "images/orphan.png": ["no row in metadata.csv"],
    }


def test_one_id_for_two_people_is_named_and_kept_together(tmp_path, caplog):
    lines = ["1,M,3,COVID-19,PA,X-ray,2020,,a.png", "1,F,60,COVID-19,PA,X-ray,2020,,b.png"]
    reading = ieee8023.read("s", write(tmp_path, *lines, header=REVISION))
    assert set(reading.rows["patient_id"]) == {"s:1"}
    assert "patient 1 has rows of both sexes" in caplog.text


def test_a_row_without_a_patient_is_its_own(tmp_path):
    rows = ieee8023.read("s", write(tmp_path, row("", "a.png"), row("", "b.png"))).rows
    assert rows["patient_id"].nunique() == 2


def raw(**columns):
    table = pd.DataFrame(columns)
    return table.assign(file=[f"{i}.png" for i in range(len(table))], patient_id=None)


def test_each_text_that_was_not_understood_is_noted():
    table = raw(
        finding=["Foo, pneumonia", "normal", "no Bar"],
        view=["PA", "sideways", None],
        date=["3/7/2020", "soon", "2020"],
    )
    reading = convert(table, "s")
    notes = reading.spellings.dropna(subset="note").set_index("text")["note"].to_dict()
    assert notes == {
        "Foo, pneumonia": "not in the vocabulary: Foo",
        "no Bar": "not in the vocabulary: no Bar",
        "sideways": "not understood",
        "3/7/2020": "day and month can't be told apart",
        "soon": "not understood",
    }
    counts = reading.summary.set_index("column")[["unparsed", "missing", "ambiguous", "unlisted"]]
    assert counts.loc["finding"].tolist() == [0, 0, 0, 2]
    assert counts.loc["view"].tolist() == [1, 1, 0, 0]
    assert counts.loc["date"].tolist() == [1, 0, 1, 0]
    examples = reading.summary.set_index("column")["examples"]
    assert examples["finding"] == "Foo, pneumonia (1); no Bar (1)"
    assert reading.rows["finding"].tolist() == ["Foo, pneumonia", "No finding", "no Bar"]


def test_the_order_of_dates_is_that_of_the_column_or_the_config():
    table = raw(date=["3/7/2020", "4/7/2020"])
    assert convert(table, "s").rows["date"].tolist() == ["2020", "2020"]
    given = convert(table, "s", date_order="day-first").rows["date"]
    assert given.tolist() == ["2020-07-03", "2020-07-04"]


def test_a_country_may_be_a_code_and_a_place_may_not():
    codes = raw(location=["Berlin", "Boston, MA"], country=["DE", "US"])
    assert convert(codes, "s").rows["country"].tolist() == ["Germany", "United States"]
    places = raw(location=["DE", "Rome, Italy"], country=["DE", "Rome, Italy"])
    assert convert(places, "s").rows["country"].fillna("").tolist() == ["", "Italy"]


@pytest.mark.parametrize(
    ("rows", "kept", "reasons"),
    [
        (["COVID-19", "normal"], 0, ["several rows with different findings"] * 2),
        (["COVID-19", "covid"], 1, ["the same file in an earlier row"]),
        (["COVID-19, ARDS", "ARDS, COVID-19"], 1, ["the same file in an earlier row"]),
        (["normal", None, "normal"], 1, ["the same file in an earlier row"] * 2),
    ],
)
def test_rows_of_one_file_that_contradict_each_other_are_rejected(rows, kept, reasons):
    raw = pd.DataFrame({"file": "a.png", "patient_id": "1", "finding": rows})
    usable, rejected = divide_rows(raw, "s")
    assert len(usable) == kept
    assert rejected["reason"].tolist() == reasons


def test_views_of_one_file_contradict_each_other_too():
    raw = pd.DataFrame({"file": "a.png", "patient_id": "1", "view": ["PA", "L"]})
    _, rejected = divide_rows(raw, "s")
    assert set(rejected["reason"]) == {"several rows with different views"}


@pytest.mark.parametrize(
    ("file", "problem"),
    [
        ("scan", None),
        ("1.2.840.113", None),
        ("a.jpg_", None),
        ("v.nii.gz", NO_IMAGE),
        ("a.PDF", NO_IMAGE),
        ("covid/Thumbs.db", NO_IMAGE),
        ("covid/desktop.ini", NO_IMAGE),
    ],
)
def test_only_volumes_and_documents_are_no_images_by_their_name(file, problem):
    assert file_problem(file) == problem
