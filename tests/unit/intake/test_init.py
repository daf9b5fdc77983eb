"""A stranger's folder becomes a study file that runs, without a line of it edited."""

import pytest
import yaml
from PIL import Image

from cxr.config.resolve import check_files, resolve
from cxr.core.errors import InputError
from cxr.intake.init import init
from tests.helpers.dicom import deep_pixels, write_dicom


def begin(data, tmp_path, study=None):
    """The lines that were printed, and the study."""
    target = tmp_path / "studies"
    target.mkdir(exist_ok=True)
    lines = list(init(str(data), study, target))
    (file,) = target.glob("*.yaml")
    return lines, yaml.safe_load(file.read_text())


def save(path, size=(80, 90)):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("L", size, 100).save(path)


def test_columns_are_guessed_from_their_names_and_values(folder, tmp_path):
    lines, study = begin(folder, tmp_path)
    assert study["study"] == "cohort-one"
    assert study["sources"]["own"] == {
        "kind": "table",
        "path": str(folder),
        "table": "Liste.csv",
        "images": "Bilder",
        "columns": {
            "file": "Bild-Nr",
            "patient_id": "Pat.Nr.",
            "sex": "Geschlecht",
            "age_years": "Alter",
            "finding": "Befund",
            "date": "Aufnahmedatum",
            "fields": {"gerat": "Gerät"},
        },
        "constants": {"modality": "X-ray"},
    }
    assert study["cohort"]["views"] is None
    text = "\n".join(lines)
    assert "60 images of 30 patients" in text
    assert "Patientenname  -            may name a person" in text
    assert "Station        -            one value for all" in text
    assert "assumed   modality: X-ray" in text
    check_files(resolve(study))


def test_columns_that_state_a_finding_each_are_found(tmp_path):
    root = tmp_path / "CheXpert"
    lines = ["Path,Sex,Frontal/Lateral,AP/PA,No Finding,Edema,Fracture"]
    for number in range(12):
        save(root / "train" / f"{number}.jpg")
        stated = "1.0,," if number % 2 else ",1.0,-1.0"
        lines.append(
            f"CheXpert-v1.0/train/{number}.jpg,Male,Frontal,{'AP' if number else 'PA'},{stated}"
        )
    (root / "train.csv").write_text("\n".join(lines))
    _, study = begin(root, tmp_path)
    columns = study["sources"]["own"]["columns"]
    assert columns["finding"] == ["No Finding", "Edema", "Fracture"]
    assert columns["view"] == "AP/PA"
    assert set(study["cohort"]["classes"]) == {"No finding", "Edema"}
    check_files(resolve(study))


def test_of_two_tables_the_one_with_findings_is_read(tmp_path):
    for i in range(12):
        save(tmp_path / "cohort" / f"{i}.png")
    patients = "\n".join(f"{i},{i}" for i in range(12))
    labels = "\n".join(f"{i},{'normal' if i % 2 else 'COVID-19'}" for i in range(12))
    (tmp_path / "cohort" / "patients.csv").write_text(f"image,patient\n{patients}\n")
    (tmp_path / "cohort" / "train.csv").write_text(f"image,label\n{labels}\n")
    _, study = begin(tmp_path / "cohort", tmp_path)
    assert study["sources"]["own"]["table"] == "train.csv"


def test_a_list_without_a_header_has_numbered_columns(tmp_path):
    root = tmp_path / "COVIDx"
    for number in range(12):
        save(root / "train" / f"{number}.png")
    lines = [f"{n + 3} {n}.png {('negative', 'positive')[n % 2]} sirm" for n in range(12)]
    (root / "train.txt").write_text("\n".join(lines))
    _, study = begin(root, tmp_path)
    assert study["sources"]["own"]["columns"] == {"file": "2", "finding": "3"}


def test_a_study_file_is_never_overwritten(folder, tmp_path):
    begin(folder, tmp_path, "mine")
    with pytest.raises(InputError, match=r"mine\.yaml: exists; remove it, or give another name"):
        begin(folder, tmp_path, "mine")


def test_folders_named_after_findings_need_no_table(tmp_path):
    root = tmp_path / "set"
    for number in range(8):
        save(root / "train" / "COVID" / f"{number}.png")
        save(root / "train" / "Normal" / "images" / f"{number}.jpg")
        save(root / "train" / "Normal" / "masks" / f"{number}.jpg")
    lines, study = begin(root, tmp_path)
    assert study["sources"]["own"]["kind"] == "folders"
    assert {name: rule["findings"] for name, rule in study["cohort"]["classes"].items()} == {
        "COVID-19": ["COVID-19"],
        "No finding": ["No finding"],
    }
    assert "          8 left out: in a folder of masks" in lines
    resolve(study)


def test_patients_are_read_from_paths_where_no_column_has_them(tmp_path):
    root = tmp_path / "chexpert"
    lines = ["Path,No Finding,Edema"]
    for number in range(24):
        file = f"CheXpert-v1.0/train/patient{number // 2:05d}/study1/view{number % 2}_frontal.jpg"
        save(root.parent / "chexpert" / file)
        lines.append(f"{file},{'1.0,' if number % 4 < 2 else ',1.0'}")
    (root / "train.csv").write_text("\n".join(lines))
    printed, study = begin(root, tmp_path)
    assert "rows      24 images of 12 patients" in printed
    assert "patient" in study["sources"]["own"]
    assert study["sources"]["own"]["columns"]["finding"] == ["No Finding", "Edema"]
    resolve(study)


def test_a_published_layout_is_recognised(mirror, tmp_path):
    lines, study = begin(mirror / "chest_xray", tmp_path)
    assert study["sources"]["own"]["reader"] == "kermany"
    assert "rows      900 images of 784 patients" in lines
    assert study["cohort"]["views"] == ["AP"]
    assert study["cohort"]["per_class"] == "min"


def test_classes_are_terms_that_stand_alone_and_their_sizes_are_minded(mirror, tmp_path):
    _, study = begin(mirror / "covid-chestxray-dataset" / "metadata.csv", tmp_path)
    assert study["study"] == "covid-chestxray-dataset"
    classes = study["cohort"]["classes"]
    assert "COVID-19" in classes
    assert "ARDS" not in classes  # hardly a row has it without COVID-19
    assert study["cohort"]["per_class"] == "all"
    assert study["embedding"]["classes"] == ["COVID-19"]


def test_a_table_of_features_is_a_study_too(tmp_path):
    path = tmp_path / "embeddings" / "vit.csv"
    path.parent.mkdir()
    rows = [f"a{i},{i % 7},{i % 5},{i},Siemens" for i in range(40)]
    path.write_text("image_id,f0,f1,dose,Scanner\n" + "\n".join(rows))
    lines, study = begin(path, tmp_path)
    assert study["features"] == {"from_file": str(path)}
    assert "features  vit.csv: 40 rows of 2 features" in lines
    assert "          fields: dose, scanner" in lines
    check_files(resolve(study))


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ([], "no image in it; name the folder"),
        (["a.zip", "b.tar.gz"], "no image, but archives: a.zip, b.tar.gz; unpack them"),
        (["a.png", "list.csv"], r"none of its tables \(list.csv\) names its images"),
        (["images/a.png"], "no table names its images, and no folder is named after a finding"),
        (["COVID/a.png", "normal/b.png"], "needs two findings with at least 5 patients each"),
    ],
)
def test_what_is_no_study_is_said_in_one_line(files, message, tmp_path):
    root = tmp_path / "data"
    root.mkdir()
    for file in files:
        if file.endswith(".png"):
            save(root / file)
        else:
            (root / file).write_text("x,y\n1,2\n")
    with pytest.raises(InputError, match=message):
        begin(root, tmp_path)
    assert list((tmp_path / "studies").iterdir()) == []


def test_why_a_source_is_refused_is_said(tmp_path, rng):
    for file in ("COVID/1.dcm", "normal/2.dcm"):
        (tmp_path / "data" / file).parent.mkdir(parents=True)
        write_dicom(tmp_path / "data" / file, deep_pixels(rng), PatientID="ANONYMOUS")
    with pytest.raises(InputError, match=r"PatientID is the same.* give the pattern of patients"):
        begin(tmp_path / "data", tmp_path)
    (tmp_path / "data" / "t.xlsx").write_bytes(b"%PDF-1.4")
    with pytest.raises(InputError, match=r"t\.xlsx: a PDF document"):
        begin(tmp_path / "data" / "t.xlsx", tmp_path)


def test_a_folder_that_is_not_there_is_named(tmp_path):
    with pytest.raises(InputError, match="gone: no such folder or file"):
        begin(tmp_path / "gone", tmp_path)


def test_names_and_findings_stay_texts_whatever_yaml_makes_of_them(tmp_path):
    findings = ("nodule [5] mm", "b: #c", "a {b")
    for finding in findings:
        for number in range(5):
            save(tmp_path / "2020" / finding / f"{number}.png")
    _, study = begin(tmp_path / "2020", tmp_path)
    assert study["study"] == "2020"
    classes = {rule["findings"][0] for rule in study["cohort"]["classes"].values()}
    assert classes == set(findings)
    resolve(study)


def test_a_study_file_stays_in_the_folder_of_studies(folder, tmp_path):
    with pytest.raises(InputError, match=r"\.\./evil: no name for a study"):
        begin(folder, tmp_path, "../evil")


def test_a_hostile_header_stays_in_its_comment_and_its_quotes(tmp_path):
    root = tmp_path / "data"
    header = 'evil"}]: # x\t\u202e'
    lines = [f'image,finding,"{header.replace(chr(34), chr(34) * 2)}"']
    for i in range(20):
        save(root / f"{i}.png")
        lines.append(f"{i}.png,{'COVID-19' if i % 2 else 'normal'},{'a: b' if i % 3 else '- c'}")
    (root / "t.csv").write_text("\n".join(lines))
    _, study = begin(root, tmp_path)
    fields = study["sources"]["own"]["columns"]["fields"]
    assert list(fields) == ["evil_x"]
    resolve(study)
