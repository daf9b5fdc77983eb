"""Public sets that are a table in a git repository, from the download to the cleaned rows."""

import io
import subprocess

import numpy as np
import pandas as pd
import pytest
import yaml
from PIL import Image

from cxr.config.resolve import PRESETS, resolve
from cxr.core.settings import typed
from cxr.download.sources import Source, obtain_source
from cxr.planning.source_parts import source_part
from cxr.sources.cleaning import clean_sources
from cxr.sources.reading import ReadingSettings, read_sources
from tests.helpers.inspection import inspected
from tests.helpers.obtaining import fill
from tests.unit.config.test_config import study

# The header of the two repositories' tables, and rows with the kinds of values of theirs.
SHARED = "patientid,offset,sex,age,finding,survival,temperature,pO2 saturation,view,modality,"
NOTES = '"Negative (covid-19 viral infection is excluded), date taken (YYYYMMDD): 20200317"'
IMAGE = "1.2.840.113564.1722810170.2020031{}.1003000225002.png"
ACTUALMED = f"""{SHARED}imagename,artifacts/distortion,notes
ANON56,,,,No finding,,,,PA,X-ray,CR.{IMAGE.format(1)},,{NOTES}
ANON196,,,,COVID-19,,,,AP,X-ray,DX.{IMAGE.format(2)},,", date taken (YYYYMMDD): 20200318"
ANON196,,,,,,,,PA,X-ray,CR.{IMAGE.format(3)},,"Inconclusive, date taken (YYYYMMDD): 20200313"
ANON170,,,,COVID-19,,,,AP,X-ray,CR.{IMAGE.format(4)},,", date taken (YYYYMMDD): 20200320"
"""
FIGURE1 = f"""{SHARED}artifacts/distortion,notes
COVID-00001,13,M,33,COVID-19,,,58,AP erect,X-ray,,"saturation 58%, ""room air"" "
COVID-00002,,M,50+,,,,,AP erect,X-ray,,50+ male patient
COVID-00015a,,,67+,COVID-19,,,,,X-ray,,
COVID-00015b,,,67+,COVID-19,,,,PA,X-ray,,
COVID-00040a,7,,early 40s,No finding,,,,,X-ray,,Normal image
"""


@pytest.fixture
def obtained(tmp_path, rng):
    """Obtains a preset from a repository with some files, as a run does, and cleans it."""

    def obtain(preset, table, images):
        repository = fill(tmp_path / "repository", {"metadata.csv": table.encode()})
        fill(repository, {f"images/{name}": picture(rng, name) for name in images})
        fill(repository, {"README.md": b"not among the paths"})
        git = ["git", "-C", repository, "-c", "user.name=a", "-c", "user.email=a@b"]
        subprocess.run([*git, "init", "--quiet"], check=True)
        subprocess.run([*git, "add", "--all"], check=True)
        subprocess.run([*git, "commit", "--quiet", "-m", "first"], check=True)
        subprocess.run([*git, "config", "uploadpack.allowFilter", "true"], check=True)
        commit = subprocess.check_output([*git, "rev-parse", "HEAD"], text=True).strip()
        values = yaml.safe_load(PRESETS.read_text())[preset]
        values |= {"url": f"file://{repository}", "commit": commit}
        resolved = resolve(study(sources__set=values))["sources"]["set"]
        content = source_part(resolved, "content") | source_part(resolved, "places")
        provenance = obtain_source("set", Source.of(content, None), tmp_path / "set")
        assert (provenance["origin"], provenance["revision"]) == ("git", commit)
        assert not (tmp_path / "set" / "README.md").exists()
        settings = typed(ReadingSettings, {"sources": {"set": source_part(resolved, "reading")}})
        reading = read_sources([tmp_path / "set"], settings)
        table, _ = inspected(reading.rows, {"set": tmp_path / "set"}, min_side=64)
        return clean_sources(reading, table, ["set"])[0]

    return obtain


def picture(rng, name):
    data = io.BytesIO()
    kind = "PNG" if name.endswith("png") else "JPEG"
    Image.fromarray(rng.integers(0, 255, (96, 80), dtype=np.uint8)).save(data, kind)
    return data.getvalue()


def test_actualmed_is_read_with_its_patients_findings_and_views(obtained):
    images = [f"CR.{IMAGE.format(1)}", f"DX.{IMAGE.format(2)}", f"CR.{IMAGE.format(3)}"]
    cleaned = obtained("actualmed-2020", ACTUALMED, [*images, "SAMPLE.png"])
    rows = cleaned.rows.set_index(cleaned.rows["file"].str.removeprefix("images/"))
    assert rows.loc[images, "finding"].fillna("").tolist() == ["No finding", "COVID-19", ""]
    assert rows.loc[images, "patient_id"].tolist() == ["set:ANON56", "set:ANON196", "set:ANON196"]
    assert rows.loc[images, "view"].tolist() == ["PA", "AP", "PA"]
    assert set(rows["modality"]) == {"X-ray"}
    reasons = cleaned.rejected.set_index("file")["reason"]
    assert reasons["images/SAMPLE.png"] == "no row in the table"
    assert reasons[f"images/CR.{IMAGE.format(4)}"] == "no such file"


def test_figure1_is_read_with_files_and_patients_that_one_column_names(obtained):
    images = [
        *("COVID-00001.png", "COVID-00002.jpg"),
        *("COVID-00015a.png", "COVID-00015b.png", "COVID-00040a.jpg"),
    ]
    cleaned = obtained("figure1-2020", FIGURE1, images)
    rows = cleaned.rows.set_index(cleaned.rows["file"].str.removeprefix("images/")).loc[images]
    patients = ["00001", "00002", "00015", "00015", "00040"]
    assert rows["patient_id"].tolist() == [f"set:COVID-{number}" for number in patients]
    findings = ["COVID-19", "", "COVID-19", "COVID-19", "No finding"]
    assert rows["finding"].fillna("").tolist() == findings
    assert rows["view"].fillna("").tolist() == ["AP Erect", "AP Erect", "", "PA", ""]
    assert rows["age_years"].tolist()[:4] == [33, 50, 67, 67]
    assert pd.isna(rows["age_years"].iloc[4])
    assert rows["offset_days"].iloc[0] == 13
    assert cleaned.rejected.empty
