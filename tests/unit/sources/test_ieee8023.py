"""The collection of ieee8023 becomes the shared schema, and what it can't use is listed."""

import pandas as pd
import pytest

from cxr.core.errors import InputError
from cxr.metadata.fields import type_fields
from cxr.sources import ieee8023
from tests.helpers.inspection import inspected_reading
from tests.helpers.metadata_csv import REVISION, row, write


def reasons(reading):
    return reading.rejected.set_index("file")["reason"].to_dict()


def test_a_row_becomes_an_image_with_its_fields(tmp_path):
    reading = ieee8023.read("s", write(tmp_path, row(2, "a.png", location="Rome, Italy ")))
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
    reading = ieee8023.read("s", write(tmp_path, good, ",,,,,,,,", line, header=REVISION))
    assert reasons(reading) == {"images/a.png": reason}
    assert "row 4: columns are shifted" in caplog.text
    row = reading.rows.iloc[0]
    assert (row["sex"], row["age_years"], row["finding"]) == ("F", 45, "bacterial pneumonia")
    assert pd.isna(row["view"])
    assert row["location"] == "Universit\ufffdrio"


def test_other_columns_are_left_alone_and_blank_rows_skipped(tmp_path):
    header = "Patientid,offset,sex,age,finding,survival,temperature,view,modality, url, filename,"
    lines = ["7,-360,M,40+,todo,?,95,AP semi erect,X-ray,x, a.PNG,some text", *[","] * 300]
    reading = ieee8023.read("s", write(tmp_path, *lines, header=header))
    row = reading.rows.iloc[0]
    assert row["file"] == "images/a.PNG"
    assert (row["patient_id"], row["offset_days"], row["view"]) == ("s:7", -360, "AP Semi Erect")
    assert row["age_years"] == 40, "of 40+ the bound counts"
    assert row[["finding", "date", "country"]].isna().all()
    assert len(reading.rows) == 1
    assert reading.rejected.empty


def test_a_name_with_spaces_is_the_file_that_is_there(tmp_path):
    folder = write(tmp_path, row(1, "a.png "), row(2, " b.png"))
    (folder / "images").mkdir()
    (folder / "images" / "a.png ").write_bytes(b"")
    (folder / "images" / "b.png").write_bytes(b"")
    reading = ieee8023.read("s", folder)
    assert sorted(reading.rows["file"]) == ["images/a.png ", "images/b.png"]
    assert reading.rejected.empty


def test_a_name_too_long_for_a_file_costs_its_row(tmp_path):
    folder = write(tmp_path, row(1, f"{'a' * 300}.png "), row(2, "b.png"))
    (folder / "images").mkdir()
    reading = ieee8023.read("s", folder)
    measured, _ = inspected_reading(reading, folder, 64, 1)
    assert set(measured.rejected["reason"]) == {"no such file"}


@pytest.mark.mirror
def test_what_became_of_the_real_metadata(mirror):
    reading = ieee8023.read("s", mirror / "covid-chestxray-dataset")
    table = reading.summary.set_index("column")
    assert (table["normalised"] + table["unparsed"] + table["missing"] == table["rows"]).all()
    assert table["unparsed"].loc[lambda counts: counts > 0].to_dict() == {"date": 3}
    assert table.loc["date", ["ambiguous", "examples"]].tolist() == [
        0,
        "January 12 (1); January 13 (1); January 20 (1)",
    ]


def test_columns_are_found_by_any_spelling(tmp_path):
    folder = write(tmp_path, "7,COVID-19,PA,a.png", header="Patientid, finding,View, filename")
    assert ieee8023.read("s", folder).rows["patient_id"].tolist() == ["s:7"]


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
        ieee8023.read("s", tmp_path)


def test_severity_scores_are_joined_by_file_name(tmp_path):
    folder = write(tmp_path, row(1, "a.png"), row(2, "b.png"))
    (folder / "annotations").mkdir()
    (folder / "annotations" / "covid-severity-scores.csv").write_text(
        "## Licence,,\nfilename,geographic_mean,opacity_mean\na.png,6.0,4.0\n"
    )
    rows = ieee8023.read("s", folder).rows
    assert rows["severity_extent"].fillna(-1).tolist() == [6.0, -1.0]
    assert rows["severity_opacity"].fillna(-1).tolist() == [4.0, -1.0]


@pytest.mark.mirror
def test_the_cohort_of_2020_is_found_in_the_real_metadata(mirror):
    reading = ieee8023.read("s", mirror / "covid-chestxray-dataset")
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
    reading, _ = inspected_reading(ieee8023.read("s", root), root, 64, threads=2)
    assert len(reading.rows) == 271
    assert reading.rejected["reason"].value_counts().to_dict() == {
        "not an image file: a volume or a document": 21,
        "no such file": 12,
        "no row in metadata.csv": 4,
    }


def test_clinical_values_come_along(tmp_path):
    header = "patientid,finding,view,filename,needed_supplemental_O2,temperature,pO2_saturation"
    lines = ['1,COVID-19,PA,a.png,Y,"37,8",', "2,COVID-19,PA,b.png,maybe,38,89"]
    reading = ieee8023.read("s", write(tmp_path, *lines, header=header))
    rows = type_fields(reading).rows
    assert rows["needed_supplemental_o2"].fillna("").tolist() == ["yes", ""]
    assert rows["temperature"].tolist() == [37.8, 38.0]
    assert rows["po2_saturation"].fillna(-1).tolist() == [-1, 89.0]
    unparsed = reading.summary.set_index("column")["unparsed"]
    assert unparsed["needed_supplemental_o2"] == 1
