"""Patients of DICOM files whose ids were removed."""

import pandas as pd
import pytest

from cxr.core.errors import InputError
from cxr.images.dicom import ANONYMOUS
from cxr.sources.patients import patients_in_names, plain_patients, tagged_patients
from cxr.sources.table import TableLayout, read
from tests.helpers.dicom import deep_pixels, write_dicom
from tests.unit.sources.test_table import cohort, layout_of


@pytest.mark.parametrize("ids", [["dicom-1"] * 10, [ANONYMOUS] * 2, ["dicom-1"] * 10 + [None]])
def test_one_id_for_all_files_is_no_patient(ids):
    with pytest.raises(InputError, match=r"sources.own.columns.patient_id': PatientID is the same"):
        tagged_patients("own", dict(enumerate(ids)))


@pytest.mark.parametrize("ids", [["dicom-1"] * 9, ["dicom-1"] * 20 + ["dicom-2"], []])
def test_few_images_of_one_patient_and_many_of_two_are_possible(ids, caplog):
    assert list(tagged_patients("own", dict(enumerate(ids))).values()) == ids
    assert ("PatientID is the same in all 9 DICOM files" in caplog.text) == (len(ids) == 9)


def test_files_without_an_id_are_counted(caplog):
    ids = {0: "dicom-1", 2: ANONYMOUS, 3: None, 5: ANONYMOUS}
    assert tagged_patients("own", ids) == {0: "dicom-1", 2: None, 3: None, 5: None}
    assert "PatientID of 3 DICOM files is empty or a word such as ANONYMOUS" in caplog.text


COLUMNS = {"file": "image", "finding": "dx"}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"columns": {**COLUMNS, "patient_id": "case"}}, ["own:c0", "own:c1", "own:c0"]),
        ({"columns": {**COLUMNS, "patient_id": "image"}}, ["own:0.dcm", "own:1.dcm", "own:2.dcm"]),
        ({"columns": COLUMNS, "constants": {"patient_id": "x"}}, ["own:x"] * 3),
    ],
)
def test_the_config_names_patients_instead(tmp_path, rng, changes, expected):
    files = [f"{number}.dcm" for number in range(3)]
    for file in files:
        write_dicom(tmp_path / file, deep_pixels(rng), PatientID="ANONYMOUS")
    frame = pd.DataFrame({"image": files, "dx": "COVID-19", "case": ["c0", "c1", "c0"]})
    assert (
        read("own", cohort(tmp_path, frame), layout_of(**changes)).rows["patient_id"].tolist()
        == expected
    )
    with pytest.raises(InputError, match="PatientID is the same in all 3 DICOM files"):
        read("own", tmp_path, layout_of(columns=COLUMNS))


def test_the_name_of_a_file_tells_its_patient_before_its_path():
    files = ["patient1/patient2_a.png", "patient3/view.png", "x/view.png"]
    assert patients_in_names(files, r"(patient\d+)") == ["patient2", "patient3", None]


def test_a_pattern_fills_what_the_column_of_patients_leaves_open(tmp_path):
    for name in ("p1_a.png", "p2_a.png"):
        (tmp_path / name).write_bytes(b"x")
    (tmp_path / "t.csv").write_text("file,finding,pid\np1_a.png,normal,\np2_a.png,normal,seven\n")
    columns = {"file": "file", "finding": "finding", "patient_id": "pid"}
    layout = TableLayout("table", "t.csv", ".", columns, {}, patient=r"^(p\d)")
    rows = read("s", tmp_path, layout).rows
    assert rows["patient_id"].tolist() == ["s:p1", "s:seven"]


def test_a_fraction_makes_no_other_patient(caplog):
    assert plain_patients("own", ["12.0", "12", 12, None, "nan", "1.5"]) == [
        *("12", "12", "12", None, None, "1.5")
    ]
    assert not caplog.records


def test_a_word_of_anonymising_is_no_patient_of_a_table(caplog):
    assert plain_patients("own", ["ANONYMOUS", "anon", "P1", "XXXX"]) == [None, None, "P1", None]
    assert "own: the patient id ANONYMOUS, XXXX, anon names nobody" in caplog.text


@pytest.mark.parametrize(
    ("ids", "told"),
    [
        (["P01", "p01"], "'P01' and 'p01'"),
        (["007", "7"], "'007' and '7'"),
        (["P 1", "P1"], "'P 1' and 'P1'"),
    ],
)
def test_ids_that_may_be_one_are_told_and_kept(ids, told, caplog):
    assert plain_patients("own", ids) == ids
    assert "1 patient ids are spelt in several ways and count as several" in caplog.text
    assert told in caplog.text


@pytest.mark.parametrize("ids", [["1", "10", "100"], ["1.0", "10"], ["a-1", "a1"], ["1.5", "1.05"]])
def test_ids_that_differ_are_not_told(ids, caplog):
    plain_patients("own", ids)
    assert not caplog.records


def test_one_patient_of_a_table_is_one_however_the_number_is_written(tmp_path):
    frame = pd.DataFrame({"image": ["a.png", "b.png"], "dx": "COVID-19", "case": ["12.0", "12"]})
    layout = layout_of(columns={**COLUMNS, "patient_id": "case"})
    assert set(read("own", cohort(tmp_path, frame), layout).rows["patient_id"]) == {"own:12"}
