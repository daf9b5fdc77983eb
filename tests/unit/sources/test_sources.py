"""Each reader turns its layout into the shared schema, and lists what it can't use."""

import pandas as pd
import pytest

from cxr.core.errors import InputError
from cxr.images.inspection import inspect_images
from cxr.sources.kermany import parse
from cxr.sources.readers import read

HEADER = "patientid,offset,sex,age,finding,view,modality,date,location,folder,filename,doi,license,"


def read_as(reader, source, root, **settings):
    return read(source, root, reader, **settings)


def write(folder, *lines, header=HEADER, encoding="utf-8"):
    folder.mkdir(exist_ok=True)
    (folder / "metadata.csv").write_bytes("\n".join([header, *lines, ""]).encode(encoding))
    return folder


def row(patient, file, finding="COVID-19", view="PA", location="", folder="images"):
    cells = [patient, 3, "M", 65, finding, view, "X-ray", 2020, f'"{location}"', folder, file]
    return ",".join(map(str, [*cells, "10.1000/x", "CC BY", ""]))


def reasons(reading):
    return reading.rejected.set_index("file")["reason"].to_dict()


def test_a_row_becomes_an_image_with_its_fields(tmp_path):
    reading = read_as("ieee8023", "s", write(tmp_path, row(2, "a.png", location="Rome, Italy ")))
    assert reading.rows.iloc[0].dropna().to_dict() == {
        "image_id": "s/images/a.png",
        "source": "s",
        "file": "images/a.png",
        "patient_id": "s:2",
        "finding": "COVID-19",
        "view": "PA",
        "modality": "X-ray",
        "sex": "M",
        "age_years": 65.0,
        "date": "2020",
        "offset_days": 3.0,
        "country": "Italy",
        "location": "Rome, Italy",
        "licence": "CC BY",
        "doi": "10.1000/x",
    }


def test_paths_that_mean_one_file_are_one_however_they_are_spelt(tmp_path):
    spelt = [row(1, "a.png"), row(1, "./a.png"), row(1, "a.png", folder="./images/")]
    folder = write(tmp_path, *spelt)
    (folder / "images").mkdir()
    (folder / "images" / "a.png").touch()
    reading = read_as("ieee8023", "s", folder)
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
    reading = read_as("ieee8023", "s", folder)
    assert sorted(reading.rows["file"]) == ["images/good.png", "images/twice.png"]
    found = reading.rejected.groupby("file")["reason"].agg(list).to_dict()
    assert found == {
        "": ["no file name"],
        "volumes/scan.nii.gz": ["not an image file: a volume or a document"],
        "images/../../etc/passwd.png": ["the file name leaves the source's folder"],
        "images/twice.png": ["the same file in an earlier row"],
        "images/shared.png": ["one file under several patients"] * 2,
        "images/orphan.png": ["no row in metadata.csv"],
    }


REVISION = "patientid,sex,age,finding,view,modality,date,location,filename"


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("1,23,M,COVID-19,PA,X-ray,2020,Rome,a.png", "columns are shifted: the sex is a number"),
        (
            "1,M,23,COVID-19,,March 2003,X-ray,Rome,a.png",
            "columns are shifted: the modality is a view or a date",
        ),
        (
            "1,M,23,COVID-19,X-ray,PA,2020,Rome,a.png",
            "columns are shifted: the modality is a view or a date",
        ),
    ],
)
def test_shifted_rows_are_refused_by_their_number(tmp_path, caplog, line, reason):
    good = "2,W,45.0,Mycoplasma Bacterial Pneumonia,X-ray,X-ray,2020,Universit\ufffdrio,b.png"
    reading = read_as("ieee8023", "s", write(tmp_path, good, ",,,,,,,,", line, header=REVISION))
    assert reasons(reading) == {"images/a.png": reason}
    assert "row 4: columns are shifted" in caplog.text
    row = reading.rows.iloc[0]
    assert (row["sex"], row["age_years"], row["finding"]) == ("F", 45, "bacterial pneumonia")
    assert pd.isna(row["view"])
    assert row["location"] == "Universit\ufffdrio"


def test_other_columns_are_left_alone_and_blank_rows_skipped(tmp_path):
    header = "Patientid,offset,sex,age,finding,survival,temperature,view,modality, url, filename,"
    lines = ["7,-360,M,40+,todo,?,95,AP semi erect,X-ray,x, a.PNG,some text", *[","] * 300]
    reading = read_as("ieee8023", "s", write(tmp_path, *lines, header=header))
    row = reading.rows.iloc[0]
    assert row["file"] == "images/a.PNG"
    assert (row["patient_id"], row["offset_days"], row["view"]) == ("s:7", -360, "AP Semi Erect")
    assert row[["age_years", "finding", "date", "country"]].isna().all()
    assert len(reading.rows) == 1
    assert reading.rejected.empty


def test_a_name_with_spaces_is_the_file_that_is_there(tmp_path):
    folder = write(tmp_path, row(1, "a.png "), row(2, " b.png"))
    (folder / "images").mkdir()
    (folder / "images" / "a.png ").write_bytes(b"")
    (folder / "images" / "b.png").write_bytes(b"")
    reading = read_as("ieee8023", "s", folder)
    assert sorted(reading.rows["file"]) == ["images/a.png ", "images/b.png"]
    assert reading.rejected.empty


def test_a_name_too_long_for_a_file_costs_its_row(tmp_path):
    folder = write(tmp_path, row(1, f"{'a' * 300}.png "), row(2, "b.png"))
    (folder / "images").mkdir()
    reading = read_as("ieee8023", "s", folder)
    measured, _ = inspect_images(reading, folder, 64, 1)
    assert set(measured.rejected["reason"]) == {"no such file"}


def test_one_id_for_two_people_is_named_and_kept_together(tmp_path, caplog):
    lines = ["1,M,3,COVID-19,PA,X-ray,2020,,a.png", "1,F,60,COVID-19,PA,X-ray,2020,,b.png"]
    reading = read_as("ieee8023", "s", write(tmp_path, *lines, header=REVISION))
    assert set(reading.rows["patient_id"]) == {"s:1"}
    assert "patient 1 has rows of both sexes" in caplog.text


@pytest.mark.mirror
def test_what_became_of_the_real_metadata(mirror):
    reading = read_as("ieee8023", "s", mirror / "covid-chestxray-dataset")
    table = reading.summary.set_index("column")
    assert (table["normalised"] + table["unparsed"] + table["missing"] == table["rows"]).all()
    assert table["unparsed"].loc[lambda counts: counts > 0].to_dict() == {"date": 3}
    assert table.loc["date", ["ambiguous", "examples"]].tolist() == [
        2,
        "January 12 (1); January 13 (1); January 20 (1)",
    ]


def test_columns_are_found_by_any_spelling(tmp_path):
    folder = write(tmp_path, "7,COVID-19,PA,a.png", header="Patientid, finding,View, filename")
    assert read_as("ieee8023", "s", folder).rows["patient_id"].tolist() == ["s:7"]


def test_a_row_without_a_patient_is_its_own(tmp_path):
    rows = read_as("ieee8023", "s", write(tmp_path, row("", "a.png"), row("", "b.png"))).rows
    assert rows["patient_id"].nunique() == 2


def test_bytes_that_are_not_utf8_are_read_and_their_lines_named(tmp_path, caplog):
    folder = write(
        tmp_path, row(1, "a.png"), row(2, "b.png", location="Jönköping, Sweden"), encoding="cp1252"
    )
    rows = read_as("ieee8023", "s", folder).rows
    assert rows["location"].tolist()[1] == "Jönköping, Sweden"
    assert "line 3 is not UTF-8" in caplog.text


def test_quoted_line_breaks_blank_rows_and_windows_line_ends_are_read(tmp_path):
    lines = [
        row(1, "a.png", location="Rome,\nItaly") + "\r",
        ",,,,,,,,,,,,,\r",
        row(2, "b.png") + "\r",
    ]
    rows = read_as("ieee8023", "s", write(tmp_path, *lines)).rows
    assert rows["file"].tolist() == ["images/a.png", "images/b.png"]
    assert rows["country"].tolist()[0] == "Italy"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, r"metadata\.csv: no such file"),
        ("", r"metadata\.csv: no header"),
        ("patientid,finding,view,filename\n", r"metadata\.csv: no rows"),
        ("patientid,sex\n1,M\n", r"metadata\.csv: no column finding, view, filename"),
    ],
)
def test_a_metadata_file_that_is_none_is_named(tmp_path, content, message):
    if content is not None:
        (tmp_path / "metadata.csv").write_text(content)
    with pytest.raises(InputError, match=message):
        read_as("ieee8023", "s", tmp_path)


def test_severity_scores_are_joined_by_file_name(tmp_path):
    folder = write(tmp_path, row(1, "a.png"), row(2, "b.png"))
    (folder / "annotations").mkdir()
    (folder / "annotations" / "covid-severity-scores.csv").write_text(
        "## Licence,,\nfilename,geographic_mean,opacity_mean\na.png,6.0,4.0\n"
    )
    rows = read_as("ieee8023", "s", folder).rows
    assert rows["severity_extent"].fillna(-1).tolist() == [6.0, -1.0]
    assert rows["severity_opacity"].fillna(-1).tolist() == [4.0, -1.0]


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        ("train/PNEUMONIA/person7_virus_3.jpeg", ("person7", "viral pneumonia")),
        ("train/PNEUMONIA/person7_bacteria_4.jpeg", ("person7", "bacterial pneumonia")),
        ("train/NORMAL/IM-0133-0001.jpeg", ("IM-0133", "No finding")),
        ("train/NORMAL/IM-0439-0001-0002.jpeg", ("IM-0439", "No finding")),
        ("test/NORMAL/NORMAL2-IM-0133-0001.jpeg", ("NORMAL2-IM-0133", "No finding")),
        ("train/PNEUMONIA/BACTERIA-7-0003.jpeg", ("person7", "bacterial pneumonia")),
        ("train/PNEUMONIA/VIRUS-7-0004.jpeg", ("person7", "viral pneumonia")),
        ("train/NORMAL/NORMAL-7-0001.jpeg", ("normal7", "No finding")),
        ("train/NORMAL/person7_virus_3.jpeg", None),
        ("train/PNEUMONIA/IM-0133-0001.jpeg", None),
        ("train/NORMAL/holiday.jpeg", None),
        ("train/NORMAL/IM-0133-0001.txt", None),
    ],
)
def test_kermanys_names_tell_patient_and_finding(tmp_path, file, expected):
    assert parse(tmp_path / file) == expected


def test_kermanys_folders_are_found_at_any_depth_and_odd_names_listed(tmp_path):
    names = ("chest_xray/train/PNEUMONIA/person7_virus_3.jpeg", "chest_xray/test/NORMAL/odd.jpeg")
    for name in (*names, "__MACOSX/train/NORMAL/IM-0001-0001.jpeg"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    reading = read_as("kermany", "k", tmp_path)
    assert reading.rows["patient_id"].tolist() == ["k:person7"]
    assert reasons(reading) == {names[1]: "the file name follows none of the set's namings"}


def test_a_folder_without_kermanys_layout_is_named(tmp_path):
    with pytest.raises(InputError, match="no file in a folder NORMAL or PNEUMONIA"):
        read_as("kermany", "k", tmp_path)


@pytest.mark.mirror
def test_the_cohort_of_2020_is_found_in_the_real_metadata(mirror):
    reading = read_as("ieee8023", "s", mirror / "covid-chestxray-dataset")
    assert len(reading.rows) + (reading.rejected["reason"] != "no row in metadata.csv").sum() == 304
    rows = reading.rows
    study = rows.loc[
        rows["finding"].fillna("").str.contains("COVID-19")
        & (rows["modality"] == "X-ray")
        & rows["view"].isin(["PA", "AP", "AP Supine"])
    ]
    assert study["view"].value_counts().to_dict() == {"PA": 118, "AP": 37, "AP Supine": 24}
    assert len(study) == 179
    assert study["patient_id"].nunique() == 118
    assert study["location"].notna().sum() == 125
    assert study["country"].notna().sum() == 125


@pytest.mark.mirror
def test_the_real_images_are_whole_and_the_missing_ones_listed(mirror):
    root = mirror / "covid-chestxray-dataset"
    reading, _ = inspect_images(read_as("ieee8023", "s", root), root, 64, threads=2)
    assert len(reading.rows) == 271
    assert reading.rejected["reason"].value_counts().to_dict() == {
        "not an image file: a volume or a document": 21,
        "no such file": 12,
        "no row in metadata.csv": 4,
    }


@pytest.mark.mirror
def test_the_real_pneumonia_set_is_read_whole(mirror):
    rows = read_as("kermany", "k", mirror / "chest_xray").rows
    assert rows["finding"].value_counts().to_dict() == {
        "No finding": 300,
        "bacterial pneumonia": 300,
        "viral pneumonia": 300,
    }
    person = rows.loc[rows["file"].str.contains("person1008_"), "patient_id"]
    assert len(set(person)) == 1
    assert len(person) > 1
