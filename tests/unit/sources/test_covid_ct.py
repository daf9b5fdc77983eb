"""The CT set's spreadsheet and slices become rows, dirt and all."""

import pandas as pd
import pytest
import yaml

from cxr.config.resolve import PRESETS
from cxr.core.errors import InputError
from cxr.download.sources import Source, obtain_source
from cxr.sources.covid_ct import read
from tests.helpers.inspection import inspected_reading
from tests.helpers.obtaining import zipped

SHEET = {
    "File name": ["2020.01.24-p27-132.png", "no extension %0", "missing.png", None],
    "Patient ID": ["Patient 1", "Patient 2 ", "Patient 3", None],
    "Age": ["41", "40+", "7", None],
    "Gender": ["M ", "F", None, None],
    "Location": [
        "Changsha, China.",
        "a cruise ship “Diamond Princess” in Japan. ",
        "Wuhan, China ",
        None,
    ],
    "Severity": ["Severe case: both lungs", "severe cough", "mild ", None],
    "DOI": ["10.1016/ S0140-6736(20)30360-3 ", "https://doi.org/10.1136/bmj.m606", "soon", None],
    "Captions": [None, None, None, "NTM, nontuberculous mycobacterium."],
}


@pytest.fixture
def folder(tmp_path):
    pd.DataFrame(SHEET).to_excel(tmp_path / "COVID-CT-MetaInfo.xlsx", index=False)
    names = ["CT_COVID/2020.01.24-p27-132.png", "CT_COVID/no extension%0.jpg", "CT_COVID/covid.png"]
    names += ["CT_NonCOVID/10%1.jpg", "CT_NonCOVID/10%2.jpg", "CT_NonCOVID/ncovid5.png"]
    for name in names:
        path = tmp_path / "Images-processed" / "x" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"")
    return tmp_path


def test_rows_are_matched_and_the_rest_is_listed(folder):
    reading = read("ct", folder)
    rows = reading.rows.set_index(reading.rows["file"].str.rpartition("/")[2])
    first, second = rows.loc["2020.01.24-p27-132.png"], rows.loc["no extension%0.jpg"]
    assert (first["patient_id"], first["sex"], first["age_years"]) == ("ct:Patient 1", "M", 41)
    assert (first["severity"], first["location"]) == ("severe", "Changsha, China")
    assert pd.isna(second["severity"])
    assert (first["country"], first["doi"]) == ("China", "10.1016/S0140-6736(20)30360-3")
    assert (second["patient_id"], second["country"]) == ("ct:Patient 2", "Japan")
    assert second["age_years"] == 40, "of 40+ the bound counts"
    assert second["doi"] == "10.1136/bmj.m606"
    spelt = reading.spellings.loc[reading.spellings["column"] == "severity"]
    assert spelt.set_index("text")["value"].map(str).to_dict() == {
        "Severe case: both lungs": "severe",
        "severe cough": "None",
    }
    assert set(reading.spellings["column"]) == {
        "age_years",
        "sex",
        "location",
        "country",
        "severity",
        "doi",
    }, "what the reader fills in itself was not cleaned"
    assert "M " in set(reading.spellings["text"]), "texts are those of the sheet"
    assert rows.loc["10%1.jpg", "patient_id"] == rows.loc["10%2.jpg", "patient_id"]
    assert rows.loc["ncovid5.png", "patient_id"].endswith("ncovid5.png")
    assert set(rows["modality"]) == {"CT"}
    assert set(rows["view"]) == {"Axial"}
    assert sorted(reading.rejected["reason"]) == [
        "no file name",
        "no row in the spreadsheet",
        "no slice of that name",
    ]


def test_of_columns_that_are_alike_the_first_counts(folder):
    sheet = folder / "COVID-CT-MetaInfo.xlsx"
    before = read("ct", folder).rows
    table = pd.read_excel(sheet)
    table.assign(**{"Age ": "99", " Severity": "mild", "Patient ID ": "x"}).to_excel(
        sheet, index=False
    )
    pd.testing.assert_frame_equal(read("ct", folder).rows, before)


def test_an_id_of_two_people_is_named_and_stays_one_patient(folder, caplog):
    sheet = folder / "COVID-CT-MetaInfo.xlsx"
    table = pd.read_excel(sheet)
    table["Patient ID"] = table["Patient ID"].str.replace("2 ", "1")
    table.to_excel(sheet, index=False)
    reading = read("ct", folder)
    assert "Patient 1 has rows of both sexes" in caplog.text
    positive = reading.rows.loc[reading.rows["finding"] == "COVID-19"]
    assert set(positive["patient_id"]) == {"ct:Patient 1"}


def rows_of(folder, names, **columns):
    """The rows of a sheet and slices of both folders, by file name."""
    table = pd.DataFrame({"File name": names}).assign(**dict.fromkeys(SHEET.keys(), None))
    table.assign(**{"File name": names} | columns).to_excel(
        folder / "COVID-CT-MetaInfo.xlsx", index=False
    )
    for name in names:
        (folder / "CT_COVID").mkdir(exist_ok=True)
        (folder / "CT_COVID" / name).write_bytes(b"")
    reading = read("ct", folder)
    return reading.rows.set_index(reading.rows["file"].str.rpartition("/")[2]), reading.rejected


def test_patients_of_slices_without_metadata_are_never_divided(tmp_path):
    series = ["14.png", "14.jpg", "14%0.jpg", "1210.png", "1211.png", "1213.png", "1216.png"]
    (tmp_path / "CT_NonCOVID").mkdir()
    for name in [*series, "ncovid1.png"]:
        (tmp_path / "CT_NonCOVID" / name).write_bytes(b"")
    rows, _ = rows_of(tmp_path, ["a.png"])
    patients = rows["patient_id"].to_dict()
    groups = rows.groupby("patient_id").groups.values()
    assert sorted(map(sorted, groups)) == [
        ["1210.png", "1211.png", "1213.png"],
        ["1216.png"],
        ["14%0.jpg", "14.jpg"],
        ["14.png"],
        ["a.png"],
        ["ncovid1.png"],
    ], patients


def test_captions_tell_who_is_one_person_and_who_has_another_disease(tmp_path):
    names = [f"{number}.png" for number in range(6)]
    rows, rejected = rows_of(
        tmp_path,
        names,
        **{
            "Patient ID": ["Patient 128", "Patient 135 ", "Patient 12", "Patient 1", None, None],
            "Captions": [
                None,
                None,
                "B. CT images of the control.",
                "A, Heart failure with",
                None,
                "before anti-NTM treatment (a and b)",
            ],
        },
    )
    assert rows["patient_id"].to_dict() == {
        "0.png": "ct:Patient 128",
        "1.png": "ct:Patient 128",
        "4.png": "ct:CT_COVID/4.png",
    }
    assert rejected["reason"].tolist() == ["not COVID-19 by its caption"] * 3


def test_a_preprints_doi_is_in_its_name(tmp_path):
    names = ["2020.03.12.20034686-p17-91-1.png", "2020.02.11.20021493-p16-107.png", "x.png"]
    rows, _ = rows_of(tmp_path, names, DOI=[None, "10.1016/ x", "soon"])
    assert rows.loc[names[:2], "doi"].tolist() == ["10.1101/2020.03.12.20034686", "10.1016/x"]
    assert pd.isna(rows.loc["x.png", "doi"])


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (
            lambda folder: (folder / "COVID-CT-MetaInfo.xlsx").unlink(),
            "no such file",
        ),
        (
            lambda folder: (folder / "COVID-CT-MetaInfo.xlsx").write_bytes(b"PK"),
            "not a whole xlsx table",
        ),
        (
            lambda folder: pd.DataFrame({"a": [1]}).to_excel(folder / "COVID-CT-MetaInfo.xlsx"),
            "no column File name, Patient ID",
        ),
        (
            lambda folder: (folder / "Images-processed").rename(folder.parent / "elsewhere"),
            "no slice in CT_COVID/",
        ),
    ],
)
def test_a_folder_that_is_not_the_set_is_named(folder, spoil, message):
    spoil(folder)
    with pytest.raises(InputError, match=message):
        read("ct", folder)


@pytest.mark.mirror
def test_the_real_set_is_read_whole(mirror, tmp_path):
    preset = yaml.safe_load(PRESETS.read_text())["covid-ct"]
    preset = {name: preset[name] for name in ("kind", "url", "commit", "paths", "unpack", "folder")}
    obtain_source("ct", Source.of(preset, mirror), tmp_path / "ct")
    reading, _ = inspected_reading(read("ct", tmp_path / "ct"), tmp_path / "ct", 64, 2)
    assert reading.rejected["reason"].value_counts().to_dict() == {
        "no file name": 1,
        "no row in the spreadsheet": 1,
        "no slice of that name": 1,
        "not COVID-19 by its caption": 11,
    }
    assert len(reading.rows) == 348 - 11 + 395
    assert reading.rows["country"].value_counts().to_dict() == {"China": 212, "Japan": 10}
    positive = reading.rows.loc[reading.rows["finding"] == "COVID-19", "patient_id"]
    assert (len(positive), positive.nunique()) == (337, 179)
    published = reading.rows.loc[reading.rows["finding"] == "COVID-19", "doi"]
    assert (published.notna().sum(), published.nunique()) == (337, 57)
    assert reading.rows["severity"].value_counts().to_dict() == {
        "severe": 27,
        "mild": 12,
        "asymptomatic": 8,
        "moderate": 2,
        "critical": 1,
    }


def packed(folder, shorten):
    """The set as it is published, its first archive cut short by so many bytes."""
    folder.mkdir()
    pd.DataFrame(SHEET).to_excel(folder / "COVID-CT-MetaInfo.xlsx", index=False)
    inside = folder / "Images-processed"
    inside.mkdir()
    whole = zipped([("CT_COVID/2020.01.24-p27-132.png", b"1" * 500)])
    (inside / "CT_COVID.zip").write_bytes(whole[: len(whole) - shorten])
    (inside / "CT_NonCOVID.zip").write_bytes(zipped([("CT_NonCOVID/10%1.jpg", b"2")]))
    return folder


def test_archives_are_unpacked_and_a_truncated_one_is_named(tmp_path):
    preset = yaml.safe_load(PRESETS.read_text())["covid-ct"]

    def source(path):
        values = {"kind": "directory", "path": str(path), "unpack": preset["unpack"]}
        return Source.of(values, None)

    whole = packed(tmp_path / "whole", 0)
    obtain_source("ct", source(whole), tmp_path / "ct")
    assert len(read("ct", tmp_path / "ct").rows) == 2
    cut = packed(tmp_path / "cut", 40)
    with pytest.raises(InputError, match=r"'unpack': Images-processed/CT_COVID\.zip: not a whole"):
        obtain_source("ct", source(cut), tmp_path / "other")
    assert not (tmp_path / "other").exists()


@pytest.mark.parametrize("column", ["Severity", "Location", "Patient ID"])
def test_a_column_that_the_sheet_lacks_is_named(folder, column):
    sheet = folder / "COVID-CT-MetaInfo.xlsx"
    pd.read_excel(sheet).drop(columns=column).to_excel(sheet, index=False)
    with pytest.raises(InputError, match=f"no column {column}"):
        read("ct", folder)
