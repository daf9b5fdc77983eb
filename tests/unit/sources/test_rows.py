"""Rows that are no image are listed, and patients are kept apart or together."""

from cxr.sources import ieee8023
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
