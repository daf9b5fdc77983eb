"""The names of the set of Kermany et al. tell patient and finding."""

import pytest

from cxr.core.errors import InputError
from cxr.sources import kermany
from cxr.sources.kermany import parse


def reasons(reading):
    return reading.rejected.set_index("file")["reason"].to_dict()


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
    reading = kermany.read("k", tmp_path)
    assert reading.rows["patient_id"].tolist() == ["k:person7"]
    assert reasons(reading) == {names[1]: "the file name follows none of the set's namings"}


def test_a_folder_without_kermanys_layout_is_named(tmp_path):
    with pytest.raises(InputError, match="no file in a folder NORMAL or PNEUMONIA"):
        kermany.read("k", tmp_path)


@pytest.mark.mirror
def test_the_real_pneumonia_set_is_read_whole(mirror):
    rows = kermany.read("k", mirror / "chest_xray").rows
    assert rows["finding"].value_counts().to_dict() == {
        "No finding": 300,
        "bacterial pneumonia": 300,
        "viral pneumonia": 300,
    }
    person = rows.loc[rows["file"].str.contains("person1008_"), "patient_id"]
    assert len(set(person)) == 1
    assert len(person) > 1
