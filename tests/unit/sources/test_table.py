"""A cohort of one's own: any table, any radiograph format, nobody's name."""

import pandas as pd
import pytest

from cxr.config.sources import TableSource
from cxr.core.errors import InputError
from cxr.core.settings import typed
from cxr.images.dicom import read_tags
from cxr.metadata.schema import SCHEMA
from cxr.sources.table import TableLayout, read
from tests.helpers.dicom import deep_pixels, write_dicom
from tests.helpers.inspection import inspected_reading

COLUMNS = {"file": "image", "patient_id": "pid", "finding": "dx", "view": "pos"}


def layout_of(**changes):
    config = {"kind": "table", "path": "x", "columns": COLUMNS, **changes}
    source = TableSource.model_validate(config).model_dump()
    keys = ("reader", "table", "images", "columns", "constants", "tags")
    return typed(TableLayout, {key: source[key] for key in keys})


def cohort(tmp_path, frame, name="cohort.csv"):
    if name.endswith(".parquet"):
        frame.to_parquet(tmp_path / name)
    elif name.endswith(".xlsx"):
        frame.to_excel(tmp_path / name, index=False)
    else:
        frame.to_csv(tmp_path / name, index=False)
    return tmp_path


FRAME = pd.DataFrame(
    {
        "image": ["a.png", "b.png", "", "../c.png"],
        "pid": [7, 8, 9, 10],
        "dx": ["COVID-19", "normal", "normal", "normal"],
        "pos": ["pa", None, "AP", "AP"],
    }
)


@pytest.mark.parametrize("name", ["cohort.csv", "cohort.parquet", "cohort.xlsx"])
def test_every_kind_of_table_gives_the_same_rows(tmp_path, name):
    (tmp_path / "images").mkdir()
    (tmp_path / "images" / "orphan.png").write_bytes(b"")
    layout = layout_of(
        table=name, images="images", constants={"modality": "CR", "country": "Italy"}
    )
    reading = read("own", cohort(tmp_path, FRAME, name), layout)
    assert reading.rows["file"].tolist() == ["images/a.png", "images/b.png"]
    assert reading.rows["patient_id"].tolist() == ["own:7", "own:8"]
    assert reading.rows["finding"].tolist() == ["COVID-19", "No finding"]
    assert reading.rows["view"].tolist()[0] == "PA"
    assert reading.rows["view"].isna().tolist() == [False, True]
    assert set(reading.rows["modality"]) == {"X-ray"}
    assert set(reading.rows["country"]) == {"Italy"}
    assert sorted(reading.rejected["reason"]) == [
        "no file name",
        "no row in the table",
        "the file name leaves the source's folder",
    ]


def test_columns_named_after_findings_state_them(tmp_path):
    (tmp_path / "images").mkdir()
    frame = pd.DataFrame(
        {
            "image": ["a.png", "b.png", "c.png"],
            "No Finding": [1.0, None, None],
            "Edema": [None, 1.0, 0.0],
            "Pleural Effusion": [0.0, 1.0, -1.0],
        }
    )
    stating = ["no finding", "Edema", "Pleural Effusion"]
    layout = layout_of(columns={"file": "image", "finding": stating}, images="images")
    rows = read("own", cohort(tmp_path, frame), layout).rows
    assert rows["finding"].fillna("").tolist() == ["No finding", "Edema, Effusion", ""]
    layout = layout_of(columns={"file": "image", "finding": ["Oedema"]}, images="images")
    with pytest.raises(InputError, match=r"columns\.finding': .*no column 'Oedema' \(did you mean"):
        read("own", tmp_path, layout)


def test_one_patient_of_both_sexes_is_told(tmp_path, caplog):
    values = {"image": list("abc"), "dx": "x", "id": ["1", "1", None], "s": list("MFM")}
    frame = pd.DataFrame(values)
    columns = {"file": "image", "finding": "dx", "patient_id": "id", "sex": "s"}
    read("own", cohort(tmp_path, frame), layout_of(columns=columns))
    assert "patient 1 has rows of both sexes" in caplog.text


def test_what_states_neither_yes_nor_no_is_told(tmp_path, caplog):
    frame = pd.DataFrame(
        {
            "image": ["a.png", "b.png", "c.png", "d.png"],
            "COVID-19": ["x", "present", "", "0.9"],
            "Edema": ["absent", "negative", "-1", ""],
        }
    )
    layout = layout_of(columns={"file": "image", "finding": ["COVID-19", "Edema"]})
    rows = read("own", cohort(tmp_path, frame), layout).rows
    assert rows["finding"].fillna("").tolist() == ["COVID-19", "COVID-19", "", ""]
    assert "the column 'COVID-19', which states a finding, holds 0.9 (1)" in caplog.text
    assert "Edema" not in caplog.text


def test_masks_lie_anywhere_below_the_source_and_are_no_images_without_a_row(tmp_path):
    for name in ("a.png", "b.png", "masks/a.png", "masks/b_mask.png", "c.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    frame = pd.DataFrame(
        {
            "image": ["a.png", "b.png", "c.png"],
            "dx": "normal",
            "lungs": ["masks/a.png", "B_mask.PNG", "lost.png"],
        }
    )
    columns = {"file": "image", "finding": "dx", "mask": "lungs"}
    reading = read("own", cohort(tmp_path, frame), layout_of(columns=columns))
    assert reading.rows["mask"].tolist() == ["masks/a.png", "masks/b_mask.png", "lost.png"]
    assert reading.rejected.empty
    assert "mask" not in set(reading.summary["column"])
    without = read("own", tmp_path, layout_of(columns={"file": "image", "finding": "dx"}))
    assert without.rows["mask"].isna().all()
    assert without.rejected["file"].tolist() == ["masks/a.png", "masks/b_mask.png"]


def test_names_are_found_however_the_table_spells_them(tmp_path):
    (tmp_path / "images" / "deep").mkdir(parents=True)
    for name in ("00000001.png", "deep/b.PNG", "c.jpg", "d.png", "d.jpg"):
        (tmp_path / "images" / name).touch()
    frame = pd.DataFrame(
        {
            " Image ": ["1", r"C:\x\deep\b.png", "c", "d", "gone"],
            "PID": [1, 2, 3, 4, 5],
            "Dx": "normal",
            "pos": "PA",
        }
    )
    reading = read("own", cohort(tmp_path, frame), layout_of(images="images"))
    assert reading.rows["file"].tolist() == [
        *("images/00000001.png", "images/deep/b.PNG", "images/c.jpg", "images/gone"),
    ]
    reasons = reading.rejected.set_index("file")["reason"].to_dict()
    assert reasons["images/d"] == "several files fit the name: d.jpg, d.png"


def test_rows_of_another_length_are_rejected_one_by_one(tmp_path):
    lines = ["image;pid;dx;pos", "a.png;1;normal;PA", "b.png;2;normal", "c.png;3;normal;PA;x"]
    (tmp_path / "cohort.csv").write_text("\n".join(lines))
    reading = read("own", tmp_path, layout_of())
    assert reading.rows["file"].tolist() == ["a.png"]
    assert reading.rejected.set_index("file")["reason"].to_dict() == {
        "b.png": "3 cells where the header has 4",
        "c.png": "5 cells where the header has 4",
    }


@pytest.mark.parametrize("images", [".", "./", "images", "./images/", "images//."])
def test_paths_that_mean_one_file_are_one_however_they_are_spelt(tmp_path, images):
    folder = tmp_path / images
    folder.mkdir(exist_ok=True)
    for name in ("a.png", "b.png", ".snakemake_timestamp"):
        (folder / name).touch()
    frame = pd.DataFrame({"image": ["a.png", "./a.png", ".//b.png"], "pid": [7, 7, 8]})
    layout = layout_of(
        table="./cohort.csv",
        images=images,
        columns={"file": "image", "patient_id": "pid"},
        constants={"finding": "normal"},
    )
    reading = read("own", cohort(tmp_path, frame), layout)
    assert [(tmp_path / file).name for file in reading.rows["file"]] == ["a.png", "b.png"]
    assert reading.rejected["reason"].tolist() == ["the same file in an earlier row"]


@pytest.mark.parametrize("name", ["cohort.csv", "cohort.parquet", "cohort.xlsx"])
def test_every_kind_of_table_may_hold_dates_and_precise_numbers(tmp_path, name):
    frame = FRAME.assign(
        day=pd.to_datetime(["2020-03-16", None, "2020-03-17", "2020-03-18"]),
        age=[0.12345678901, None, 41, 42],
    )
    layout = layout_of(table=name, columns={**COLUMNS, "date": "day", "age_years": "age"})
    reading = read("own", cohort(tmp_path, frame, name), layout)
    assert reading.rows["date"].fillna("").tolist() == ["2020-03-16", ""]
    assert reading.rows["age_years"].fillna(-1).tolist() == [0.12345678901, -1]
    counts = reading.summary.set_index("column").loc[["date", "age_years"], "unparsed"]
    assert counts.tolist() == [0, 0]


def test_columns_that_are_not_used_may_hold_lists(tmp_path):
    frame = FRAME.assign(embedding=[[1.0, 2.0]] * len(FRAME))
    reading = read("own", cohort(tmp_path, frame, "a.parquet"), layout_of(table="a.parquet"))
    assert reading.rows["file"].tolist() == ["a.png", "b.png"]


def test_a_table_may_have_an_index_with_repeats(tmp_path):
    frame = FRAME.set_axis([0, 0, 1, 1])
    reading = read("own", cohort(tmp_path, frame, "a.parquet"), layout_of(table="a.parquet"))
    assert reading.rows["file"].tolist() == ["a.png", "b.png"]


def test_what_can_not_be_parsed_is_counted_with_examples(tmp_path):
    frame = pd.DataFrame(
        {
            "image": [f"{i}.png" for i in range(6)],
            "pid": range(6),
            "dx": "normal",
            "pos": ["PA", "sideways", "sideways", "up", "?", "AP"],
            "day": ["3/7/2020", "2020", "soon", "", "16/03/20", "2020-02-30"],
        }
    )
    layout = layout_of(columns={**COLUMNS, "date": "day"})
    summary = read("own", cohort(tmp_path, frame), layout).summary.set_index("column")
    counts = ["rows", "normalised", "unparsed", "missing", "ambiguous"]
    assert summary.loc["view", counts].tolist() == [6, 2, 3, 1, 0]
    assert summary.loc["view", "examples"] == "sideways (2); up (1)"
    assert summary.loc["date", counts].tolist() == [6, 3, 2, 1, 0], "16/03/20 decides 3/7/2020"


def test_fields_of_ones_own_are_columns_or_the_same_for_every_image(tmp_path):
    layout = layout_of(
        columns={**COLUMNS, "fields": {"scanner": "machine", "position": "pos"}},
        constants={"fields": {"ward": "B2", "scanner": "not used"}},
    )
    frame = FRAME.assign(machine=["=GE", None, "x", "y"])
    rows = read("own", cohort(tmp_path, frame), layout).rows
    assert list(rows.columns) == [*SCHEMA, "position", "scanner", "ward"]
    assert rows["scanner"].fillna("").tolist() == ["=GE", ""]
    assert rows["position"].fillna("").tolist() == ["pa", ""]
    assert rows["ward"].tolist() == ["B2", "B2"]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"columns": {**COLUMNS, "sex": "gender"}},
            r"own.columns.sex.* no column 'gender'; its columns are image, pid, dx, pos",
        ),
        (
            {"columns": {**COLUMNS, "fields": {"scanner": "machine"}}},
            r"own.columns.fields.scanner.* no column 'machine'",
        ),
        ({"table": "none.csv"}, "none.csv: no such file"),
        ({"images": "nowhere"}, "nowhere: no such folder"),
        ({"table": "broken.xlsx"}, "broken.xlsx: not a whole xlsx table"),
        ({"table": "empty.csv"}, "empty.csv: no rows"),
    ],
)
def test_a_table_that_does_not_fit_is_named(tmp_path, changes, message):
    cohort(tmp_path, FRAME)
    (tmp_path / "broken.xlsx").write_bytes(b"PK\x03\x04 cut short")
    (tmp_path / "empty.csv").write_text("image,pid,dx,pos\n")
    with pytest.raises(InputError, match=message):
        read("own", tmp_path, layout_of(**changes))


@pytest.mark.parametrize("changes", [{"table": "../x.csv"}, {"images": "/etc"}])
def test_the_config_keeps_a_table_inside_its_folder(changes):
    with pytest.raises(ValueError, match="below the source's folder"):
        layout_of(**changes)


def test_tags_fill_what_the_table_leaves_open_and_name_nobody(tmp_path, rng):
    write_dicom(
        tmp_path / "a.dcm",
        deep_pixels(rng),
        PatientID="Doe^1234",
        PatientName="Doe^Jane",
        PatientSex="F",
        PatientAge="006M",
        ViewPosition="AP",
        StudyDate="20200316",
        Modality="DX",
    )
    (tmp_path / "b.dcm").write_bytes(b"no dicom")
    frame = pd.DataFrame({"image": ["a.dcm", "b.dcm"], "dx": "COVID-19", "pos": ["PA", "PA"]})
    layout = layout_of(columns={"file": "image", "finding": "dx", "view": "pos"})
    reading = read("own", cohort(tmp_path, frame), layout)
    row = reading.rows.iloc[0]
    assert (row["sex"], row["age_years"], row["date"]) == ("F", 0.5, "2020-03-16")
    assert (row["view"], row["modality"]) == ("PA", "X-ray")
    assert row["patient_id"].startswith("own:dicom-")
    assert "Doe" not in reading.rows.to_csv()
    assert read_tags(tmp_path / "b.dcm") == dict.fromkeys(read_tags(tmp_path / "a.dcm"))
    measured, _ = inspected_reading(reading, tmp_path, 16, 1)
    assert measured.rejected["reason"].tolist() == ["not an image that can be read: text"]


def test_tags_become_own_fields_where_the_table_has_no_value(tmp_path, rng):
    tags = {"Manufacturer": "GE", "KVP": "110", "StationName": "ANSBACH"}
    write_dicom(tmp_path / "a.dcm", deep_pixels(rng), **tags)
    write_dicom(tmp_path / "b.dcm", deep_pixels(rng), **tags)
    frame = pd.DataFrame({"image": ["a.dcm", "b.dcm"], "dx": "COVID-19", "maker": ["Agfa", ""]})
    layout = layout_of(
        columns={"file": "image", "finding": "dx", "fields": {"manufacturer": "maker"}},
        tags=["Manufacturer", "KVP", "StationName", "Exposure"],
    )
    rows = read("own", cohort(tmp_path, frame), layout).rows
    own = ["exposure", "kvp", "manufacturer", "station_name"]
    assert list(rows.columns) == [*SCHEMA, *own]
    assert rows["manufacturer"].tolist() == ["Agfa", "GE"]
    assert rows["kvp"].tolist() == ["110", "110"]
    assert rows["exposure"].isna().all()
    assert "ANSBACH" not in rows.to_csv()
