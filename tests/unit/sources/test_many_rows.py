"""Whole columns are read as each of their rows would be."""

import unicodedata

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cxr.images.decode import locate
from cxr.images.dicom import TAGS, is_dicom, read_tags
from cxr.metadata.normalise import NULL_WORDS, tidy
from cxr.sources.filling import with_tags
from cxr.sources.image_files import ImageFiles
from cxr.sources.rows import CONTRADICTIONS, PARSERS, divide_rows
from tests.helpers.dicom import write_dicom


@given(st.text(max_size=30))
def test_every_control_character_and_space_becomes_one_space(text):
    blank = ("Cc", "Cf", "Zs", "Zl", "Zp")
    letters = (" " if unicodedata.category(letter) in blank else letter for letter in text)
    clean = " ".join("".join(letters).split())
    assert tidy(text) == (None if clean.casefold() in NULL_WORDS else clean)


def test_rows_of_one_file_are_compared_as_each_pair_of_them_is(rng):
    n = 400
    table = pd.DataFrame(
        {
            "file": rng.choice([f"{k}.png" for k in range(200)] + ["", "a.pdf"], n),
            "patient_id": rng.choice(["1", " 1", "2", "", None], n, p=[0.6, 0.2, 0.1, 0.05, 0.05]),
            "finding": rng.choice(
                ["ARDS, COVID-19", "COVID-19, ARDS", "ARDS"], n, p=[0.5, 0.4, 0.1]
            ),
            "view": rng.choice(["PA", "pa ", "AP", None], n),
            "age_years": rng.choice(["40", "40.0", "40Y", "41"], n, p=[0.6, 0.2, 0.15, 0.05]),
        },
        index=rng.permutation(n),
        dtype="object",
    )
    kept, rejected = divide_rows(table, "s")
    reasons = pd.Series(None, table.index, dtype="object")
    reasons[table["file"] == ""] = "no file name"
    reasons[table["file"] == "a.pdf"] = "not an image file: a volume or a document"
    for _, rows in table.loc[reasons.isna()].groupby("file"):
        if len({tidy(patient) for patient in rows["patient_id"]}) > 1:
            reasons[rows.index] = "one file under several patients"
            continue
        reasons[rows.index[1:]] = "the same file in an earlier row"
        for name, what in CONTRADICTIONS.items():
            parsed = [PARSERS[name](text) for text in rows[name]] if name in rows else []
            values = {
                str(v) if name != "finding" else frozenset(v.split(", ")) for v in parsed if v
            }
            if len(values) > 1:
                reasons[rows.index] = f"several rows with different {what}"
    pd.testing.assert_frame_equal(kept, table.loc[reasons.isna()])
    assert rejected["reason"].tolist() == reasons.dropna().tolist()
    assert len(set(rejected["reason"])) == 7


@pytest.mark.parametrize("keywords", [(), ("Manufacturer", "KVP")])
def test_missing_values_are_those_of_each_files_own_tags(tmp_path, rng, keywords):
    for k in range(12):
        tags = {"PatientID": f"id{k}", "PatientSex": "MF"[k % 2], "Manufacturer": f"maker {k % 3}"}
        write_dicom(tmp_path / f"{k}.dcm", np.full((4, 4), k, np.uint8), **tags)
    (tmp_path / "plain.png").write_bytes(b"no DICOM")
    files = [*(f"{k}.dcm" for k in range(12)), "plain.png", "", "../out.dcm", "gone.dcm"]
    n = 60
    raw = pd.DataFrame(
        {
            "file": rng.choice(files, n),
            "patient_id": rng.choice(["p1", None, "unknown"], n),
            "sex": rng.choice(["M", "", None], n),
            "note": rng.choice(["a", None], n),
        },
        index=rng.permutation(n),
    )
    fields = {"Manufacturer": "manufacturer", "KVP": "kvp"}
    expected = raw.assign(**{fields[keyword]: None for keyword in keywords}).astype("object")
    rows = expected.to_dict("records")
    for row in rows:
        if row["file"].startswith("../") or not is_dicom_file(tmp_path, row["file"]):
            continue
        missing = [name for name in TAGS if tidy(row.get(name)) is None]
        unfilled = [keyword for keyword in keywords if tidy(row[fields[keyword]]) is None]
        row.update(read_tags(tmp_path / row["file"], missing, unfilled))
    expected = pd.DataFrame(rows, index=raw.index).astype("object")
    filled = with_tags(raw, tmp_path, "s", keywords, "columns.patient_id")
    pd.testing.assert_frame_equal(filled, expected, check_like=True)
    assert filled["sex"].notna().sum() > raw["sex"].notna().sum()


def is_dicom_file(root, file):
    return bool(file) and locate(root, file).is_file() and is_dicom(root / file)


def test_a_name_that_is_a_files_own_means_it_though_others_fit(tmp_path):
    for file in ("a/1.png", "A/1.PNG", "1.png", "a b.png", "a  b.png"):
        (tmp_path / file).parent.mkdir(exist_ok=True)
        (tmp_path / file).touch()
    files = ImageFiles(tmp_path)
    for file in ("a/1.png", "A/1.PNG", "1.png", "a b.png", "a  b.png"):
        assert files.find(file) == (file, None)
    assert files.find("b/A/1.png").problem == "several files fit the name: A/1.PNG, a/1.png"
