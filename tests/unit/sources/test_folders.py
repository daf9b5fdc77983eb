"""Folders that are named after what they show are a source."""

import os

import pytest

from cxr.core.errors import InputError
from cxr.sources.folders import FolderLayout, finding_of, read
from tests.helpers.dicom import deep_pixels, write_dicom


def layout(**changes):
    return FolderLayout(
        **{"reader": "folders", "images": ".", "patient": None, "constants": {}} | changes
    )


def fill(root, *files):
    for file in files:
        path = root / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
    return root


@pytest.mark.parametrize(
    ("file", "finding"),
    [
        ("COVID-19/a.png", "COVID-19"),
        ("train/NORMAL/a.png", "NORMAL"),
        ("COVID/images/a.png", "COVID"),
        ("Lung_Opacity/images/a.png", "Lung Opacity"),
        ("set/Test/Viral Pneumonia/a.png", "Viral Pneumonia"),
        ("covid/p1/a.png", "p1"),
        ("images/a.png", None),
        ("a.png", None),
    ],
)
def test_the_nearest_telling_folder_is_the_finding(file, finding):
    assert finding_of(file, ".") == finding


def test_folders_become_rows_and_masks_are_left_out(tmp_path):
    root = fill(
        tmp_path,
        *("x/COVID/images/p1_a.png", "x/COVID/images/p1_b.png", "x/COVID/masks/p1_a.png"),
        *("x/Normal/p2.png", "x/Normal/notes.txt", "x/top.png", "x/Normal/.DS_Store"),
    )
    reading = read(
        "own",
        root,
        layout(images="x", patient=r"^(p\d+)", constants={"modality": "CR", "view": None}),
    )
    rows = reading.rows.set_index("file")
    assert sorted(rows.index) == [
        "x/COVID/images/p1_a.png",
        "x/COVID/images/p1_b.png",
        "x/Normal/p2.png",
        "x/top.png",
    ]
    assert rows["patient_id"].nunique() == 3
    assert rows.loc["x/COVID/images/p1_a.png", "finding"] == "COVID-19"
    assert rows.loc["x/Normal/p2.png", "finding"] == "No finding"
    assert rows["modality"].eq("X-ray").all()
    reasons = reading.rejected.set_index("file")["reason"]
    assert reasons["x/COVID/masks/p1_a.png"] == "in a folder of masks"
    assert "x/Normal/notes.txt" in reasons.index


def test_one_patient_id_in_all_dicom_files_is_refused_with_a_key_that_mends_it(tmp_path, rng):
    for file in ("COVID/1.dcm", "COVID/2.dcm", "normal/3.dcm"):
        (tmp_path / file).parent.mkdir(exist_ok=True)
        write_dicom(tmp_path / file, deep_pixels(rng), PatientID="ANONYMOUS")
    with pytest.raises(InputError, match=r"'sources\.own\.patient': PatientID is the same"):
        read("own", tmp_path, layout())
    for changes, patients in (
        ({"patient": "^(.+)$"}, ["own:1", "own:2", "own:3"]),
        ({"constants": {"patient_id": "phantom"}}, ["own:phantom"] * 3),
    ):
        assert read("own", tmp_path, layout(**changes)).rows["patient_id"].tolist() == patients


def test_a_name_that_is_no_text_costs_its_file(tmp_path, caplog):
    fill(tmp_path, "COVID/a.png", "normal/b.png")
    (tmp_path / "COVID" / os.fsdecode(b"\xe9.png")).write_bytes(b"x")
    rows = read("own", tmp_path, layout()).rows
    assert rows["file"].tolist() == ["COVID/a.png", "normal/b.png"]
    assert r"1 names of files are not UTF-8, the first is COVID/\udce9.png" in caplog.text


def test_without_a_telling_folder_there_is_no_source(tmp_path):
    with pytest.raises(InputError, match=r"no folder with a finding for a name.*or give a table"):
        read("own", fill(tmp_path, "images/a.png", "b.png"), layout())
    with pytest.raises(InputError, match="no folder with a finding"):
        read("own", fill(tmp_path / "empty"), layout())
