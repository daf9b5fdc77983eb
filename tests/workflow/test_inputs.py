"""Bad input ends in one clear line before or in the job that meets it, or costs one record."""

import copy
import json
import os
import re
import warnings

import numpy as np
import pandas as pd
import pydicom
import pytest
from PIL import Image

from tests.helpers.packed import uncompressed
from tests.helpers.search import files_with
from tests.helpers.study import TINY, workspace
from tests.unit.sources.test_table import write_dicom

pytestmark = pytest.mark.timeout(600)

CLASSES = {"COVID-19": {"findings": ["COVID-19"]}, "normal": {"findings": ["No finding"]}}
COLUMNS = "patientid,finding,view,modality,location,filename"


@pytest.fixture
def place(tmp_path):
    """A workspace whose one source is the folder `images`, with twelve patients a class."""
    place = workspace(tmp_path / "run")
    source = place.path / "source" / "images"
    source.mkdir(parents=True)
    rng = np.random.default_rng(0)
    rows = [COLUMNS]
    for number in range(24):
        Image.fromarray(rng.integers(0, 255, (80, 90), dtype=np.uint8)).save(
            source / f"{number}.png"
        )
        finding = "COVID-19" if number % 2 else "No Finding"
        rows.append(f'{number},{finding},PA,X-ray,"Rome, Italy",{number}.png')
    (place.path / "source" / "metadata.csv").write_text("\n".join(rows) + "\n")
    config = copy.deepcopy(TINY)
    config["sources"] = {"own": {"kind": "directory", "reader": "ieee8023", "path": "source"}}
    config["cohort"] = {"classes": CLASSES, "image_size": 32}
    config["embedding"]["classes"] = None
    place.write_config(config)
    place.config = config
    return place


def outcome(place, *arguments):
    """The last error line of a run up to the cohort; empty where it went well."""
    done = place.snakemake(*arguments, "--until", "assemble_cohort", check=False)
    lines = [line.strip() for line in (done.stderr + done.stdout).splitlines()]
    errors = [line for line in lines if line.startswith("error: ")]
    assert bool(errors) == bool(done.returncode), done.stderr
    assert len(set(errors)) <= 1
    return errors[0] if errors else ""


def test_a_good_folder_becomes_a_cohort(place):
    assert outcome(place) == ""
    assert len(pd.read_parquet(place.path / "results/tiny/cohort.parquet")) == 24


# Names, ids, days of birth, hospitals, and who was there, in DICOM's tags.
NAMED = {
    "PatientName": "Müller^Hans=山田^太郎",
    "PatientBirthDate": "19430217",
    "OtherPatientIDs": "AZ-5550123",
    "PatientAddress": "Lindengasse 17",
    "PatientComments": "Schwester Brunhilde Petzold",
    "InstitutionName": "Waldkrankenhaus Ansbach",
    "InstitutionalDepartmentName": "Radiologie Ansbach",
    "ReferringPhysicianName": "Kowalczyk^Agnieszka",
    "AccessionNumber": "ACC7749201",
    "StudyID": "STU3391",
    "StationName": "ANSBACH-CT-2",
    "ImageComments": "liegend, Petzold",
    "StudyDescription": "Thorax Hans Müller",
    "PatientSex": "PETZOLD",
}
WORDS = [
    "Müller^Hans", "Müller", "山田", "太郎", "19430217", "1943-02-17", "AZ-5550123", "Lindengasse",
    "Brunhilde", "Petzold", "Ansbach", "Kowalczyk", "Agnieszka", "ACC7749201", "STU3391",
]  # fmt: skip


# Those of them that may be fields of the study, as hashes.
HASHED = ["AccessionNumber", "InstitutionName", "StationName", "StudyDescription"]


def write_named(path, pixels, **tags):
    """A DICOM file that names its patient in tags, private ones and an overlay's."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a sex that is none
        write_dicom(path, pixels, **tags)
        data = pydicom.dcmread(path)
        data.SpecificCharacterSet = "ISO_IR 192"
        for name, text in NAMED.items():
            setattr(data, name, text)
        data.private_block(0x0011, "Petzold GmbH", create=True).add_new(1, "LO", "Müller^Hans")
        data.add_new(0x60000022, "LO", "Müller^Hans")
        data.save_as(path)


def test_a_cohort_of_ones_own_runs_to_its_report_and_names_nobody(tmp_path):
    settings = tmp_path / "settings"
    environment = {k: v for k, v in os.environ.items() if k != "CXR_PATIENT_SECRET"}
    place = workspace(tmp_path / "run", environment | {"XDG_CONFIG_HOME": str(settings)})
    images = place.path / "ours" / "dicom"
    images.mkdir(parents=True)
    rng = np.random.default_rng(0)
    rows = []
    for number in range(30):
        pixels = (4000 * rng.random((70, 80))).astype(np.uint16)
        tags = {"PatientID": f"PID{4711000 + number // 2}", "ViewPosition": "PA", "Modality": "DX"}
        tags |= {"Manufacturer": ["GE", "Agfa"][number // 2 % 2], "KVP": str(100 + number // 2)}
        write_named(images / f"{number}.dcm", pixels, **tags)
        finding = ["COVID-19", "normal"][number % 4 // 2]
        ward = ["A 1", "B 2"][number // 2 % 2]
        rows.append({"file name": f"{number}.dcm", "diagnosis": finding, "on ward": ward})
    pd.DataFrame(rows).to_excel(place.path / "ours" / "cohort.xlsx", index=False)
    config = copy.deepcopy(TINY)
    config["sources"] = {
        "ours": {
            "kind": "table",
            "path": "ours",
            "table": "cohort.xlsx",
            "images": "dicom",
            "columns": {"file": "file name", "finding": "diagnosis", "fields": {"ward": "on ward"}},
            "constants": {"country": "Italy"},
            "tags": [*HASHED, "Manufacturer", "KVP"],
            "licence": "internal",
        }
    }
    config["cohort"] = {"classes": CLASSES, "image_size": 32}
    config["embedding"]["classes"] = None
    config["evaluation"] = {"random_split": False, "baselines": False}
    place.write_config(config)
    place.snakemake()
    results = place.path / "results" / "tiny"
    cohort = pd.read_parquet(results / "cohort.parquet")
    assert len(cohort) == 28
    assert cohort["patient_id"].nunique() == 15
    metadata = pd.read_parquet(results / "metadata.parquet")
    hashed = ["accession_number", "institution_name", "station_name", "study_description"]
    assert list(metadata.columns[-7:]) == sorted([*hashed, "kvp", "manufacturer", "ward"])
    assert metadata["kvp"].dtype == "float64"
    assert metadata[hashed].map(lambda text: text.startswith("hash-")).all(axis=None)
    associated = set(pd.read_csv(results / "evidence/conv5.associations.csv")["field"])
    assert {*hashed, "kvp", "manufacturer", "ward"} <= associated
    [packed] = re.findall(
        r'type="application/gzip">([^<]+)<', (results / "report.html").read_text()
    )
    shown = json.dumps(uncompressed(packed))
    assert '"manufacturer"' in shown
    assert pd.read_csv(results / "countries/conv5.csv")["Italy"].sum() == 28
    config["sources"]["ours"]["constants"]["view"] = "AP"
    planned = place.planned(config)
    assert planned["read_sources"] == 1
    assert "download" not in planned
    secret = (settings / "cxr-clusters" / "patient-id-secret").read_text().strip()
    ids = [f"PID{4711000 + patient}" for patient in range(15)]
    assert files_with(place.path / "results", [*WORDS, *ids, secret]) == {}
    assert not [word for word in [*WORDS, *ids, secret] if word in shown]
    assert files_with(images, ["Petzold", ids[3]])["6.dcm"] == {"Petzold", ids[3]}


def test_features_from_elsewhere_run_to_their_report(tmp_path, rng):
    place = workspace(tmp_path / "run")
    centres = 8 * rng.normal(size=(3, 16))
    table = pd.DataFrame(
        {
            "image_id": [f"{number:03d}" for number in range(90)],
            "patient_id": [str(number // 2) for number in range(90)],
            "country": ["Italy", "Spain", "China"] * 30,
            "features": list(np.tile(centres, (30, 1)) + rng.normal(size=(90, 16))),
        }
    )
    table.loc[5, "features"][3] = np.nan
    (place.path / "results").mkdir()
    table.to_parquet(place.path / "results" / "features.parquet")
    config = {
        "study": "tiny",
        "features": {"from_file": "results/features.parquet", "name": "elsewhere"},
        "embedding": {"perplexities": [10, 20]},
        "clustering": TINY["clustering"],
        "evidence": TINY["evidence"] | {"replicates": 39},
    }
    place.write_config(config)
    place.snakemake()
    results = place.path / "results" / "tiny"
    countries = pd.read_csv(results / "countries/elsewhere.csv").set_index("cluster")
    assert sorted(countries.loc[[0, 1, 2]].to_numpy().max(axis=1)) == [29, 30, 30]
    assert pd.read_csv(results / "rejected.csv", dtype=str)["file"].tolist() == ["005"]
    page = (results / "report.html").read_text()
    assert "External features, read from a file." in page
    assert "Verdict: clusters, explained by country." in page
    assert "Grad-CAM" not in page
    assert set(place.planned(config | {"embedding": {"perplexities": [10]}})) == {
        "embed",
        "sweep",
        "sweep_hdbscan",
        "score",
        "count_countries",
        "draw_clusters",
        "search_nulls",
        "repeat_search",
        "assess_evidence",
        "draw_evidence",
        "pack_explorer",
        "show_table",
        "write_report",
    }
    missing = config | {"features": {"from_file": "none.parquet"}}
    place.write_config(missing)
    done = place.snakemake(check=False)
    assert "config key 'features.from_file': there is no file none.parquet" in done.stderr


def test_broken_images_cost_just_themselves(place):
    images = place.path / "source" / "images"
    (images / "0.png").write_bytes(b"")
    (images / "1.png").write_bytes((images / "2.png").read_bytes()[:900])
    Image.fromarray(np.full((1, 1), 9, dtype=np.uint8)).save(images / "3.png")
    grey = np.asarray(Image.open(images / "4.png"), dtype=np.uint16) * 200
    Image.fromarray(grey).save(images / "4.png")
    assert outcome(place) == ""
    rejected = pd.read_csv(place.path / "results/tiny/rejected.csv")
    assert dict(zip(rejected["file"], rejected["reason"], strict=True)) == {
        "images/0.png": "the file is empty",
        "images/1.png": "truncated or damaged",
        "images/3.png": "smaller than 64 pixels",
    }
    cohort = pd.read_parquet(place.path / "results/tiny/cohort.parquet")
    assert "own/images/4.png" in set(cohort["image_id"])


def rewrite(change):
    def apply(place):
        path = place.path / "source" / "metadata.csv"
        path.write_bytes(change(path.read_bytes()))

    return apply


def configure(**cohort):
    def apply(place):
        place.config["cohort"] |= cohort
        place.write_config(place.config)

    return apply


def no_images(place):
    for path in (place.path / "source" / "images").iterdir():
        path.write_bytes(b"")


NEITHER = {"findings": ["Ebola"]}


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (
            rewrite(lambda data: data.replace(b"finding,view", b"diagnosis,position")),
            "metadata.csv: no column finding, view",
        ),
        (rewrite(lambda data: data.splitlines()[0] + b"\n"), "metadata.csv: no rows"),
        (rewrite(lambda data: b""), "metadata.csv: no header"),
        (no_images, "no usable image; 24 entries were rejected, most often: the file is empty"),
        (
            configure(classes=CLASSES | {"ebola": NEITHER}),
            "config key 'cohort.classes.ebola': no image is left: no row has one",
        ),
        (configure(views=["L"]), "no image is left: of 12 with its findings"),
    ],
)
def test_a_source_or_cohort_that_can_not_be_is_named(place, spoil, message):
    spoil(place)
    assert message in outcome(place)
    left = [path.name for path in (place.path / "results/tiny").glob("*.parquet")]
    assert "cohort.parquet" not in left


def test_metadata_that_are_not_utf8_are_read(place):
    rewrite(lambda data: data.replace(b"Rome", "Jönköping".encode("cp1252")))(place)
    assert outcome(place) == ""
    log = (place.path / "results/tiny/logs/read_sources.log").read_text()
    assert "is not UTF-8 and is read as Windows-1252" in log


def test_too_few_patients_are_named(place):
    rewrite(lambda data: b"\n".join(data.splitlines()[:5]) + b"\n")(place)
    assert "only 2 independent patients are left" in outcome(place)


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("mirror", "nowhere", "config key 'mirror': there is no folder nowhere"),
        ("mirror", "hollow", "config key 'mirror': the folder hollow is empty"),
        ("seed", "many", "config key 'seed'"),
        ("sead", "1", "config key 'sead': is not known"),
    ],
)
def test_a_bad_key_stops_before_any_job(place, key, value, message):
    (place.path / "hollow").mkdir()
    assert message in outcome(place, "--config", f"{key}={value}")
    assert not (place.path / "results").exists()
