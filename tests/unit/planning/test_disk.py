"""The disk that a study takes is told before it is there."""

import os
from zipfile import ZipFile

import numpy as np
import pandas as pd
import pytest

from cxr.config.resolve import resolve
from cxr.core.io import write_array, write_table
from cxr.planning.disk import DiskForecast, bytes_per_image, disk_forecast, source_images
from cxr.planning.stages import study_stages


def study_of(folder, **changes):
    source = {"kind": "table", "path": str(folder), "columns": {"file": "f", "finding": "d"}}
    return resolve(
        {
            "study": "large",
            "sources": {"ours": source},
            "cohort": {
                "classes": {name: {"findings": [name]} for name in ("Mass", "Nodule")},
                "image_size": 224,
            },
            "models": {name: {"architecture": "conv5"} for name in "abcde"},
            **changes,
        }
    )


@pytest.fixture
def folder(tmp_path):
    """A source of 40 images, a table, and what is hidden."""
    images = tmp_path / "ours" / "images"
    images.mkdir(parents=True)
    for number in range(40):
        (images / f"{number}.PNG").touch()
    for name in (".DS_Store", "notes.txt"):
        (images / name).touch()
    (tmp_path / "ours" / "cohort.CSV").touch()
    return tmp_path / "ours"


def test_the_images_of_sources_that_are_here_are_counted(folder):
    study = study_of(folder)
    assert source_images(study, study_stages(study)) == 40
    drawn = {"kind": "synthetic", "patients": 10, "images_per_patient": 1.5}
    study = study_of(folder, sources={**study_of(folder)["sources"], "drawn": drawn})
    assert source_images(study, study_stages(study)) == 100
    absent = study_of(folder.with_name("elsewhere"))
    assert source_images(absent, study_stages(absent)) is None
    assert disk_forecast(folder, absent, study_stages(absent)) is None


def test_images_in_an_archive_are_counted(folder):
    study = study_of(folder)
    with ZipFile(folder / "more.zip", "w") as archive:
        for name in ("scans/", "scans/a.png", "scans/b.png", "scans/c.csv"):
            archive.writestr(name, "")
    assert source_images(study, study_stages(study)) == 42
    (folder / "more.zip").write_bytes(b"no archive")
    assert source_images(study, study_stages(study)) == 41


def test_the_forecast_holds_pixels_lungs_features_maps_and_neighbours(folder):
    study = study_of(folder)
    whole = bytes_per_image(study, study_stages(study))
    assert 3 * 224**2 < whole < 4 * 224**2
    one = study_of(folder, models={"a": {"architecture": "conv5"}})
    wide = study_of(folder, models={"a": {"architecture": "conv5", "feature_dim": 128}})
    less, more = (bytes_per_image(other, study_stages(other)) for other in (one, wide))
    assert more - less == 64 * 5
    slices = study_of(folder, cohort={**study["cohort"], "modality": "CT"})
    assert whole - bytes_per_image(slices, study_stages(slices)) >= 224**2
    assert less < whole


def test_what_is_there_needs_no_room_again(folder, tmp_path, monkeypatch):
    study = study_of(folder)
    stages, results = study_stages(study), tmp_path / "results"
    free = os.statvfs_result((1, 1, 10**9, 10**9, 10**6, 0, 0, 0, 0, 255))
    monkeypatch.setattr(os, "statvfs", lambda _: free)
    first = disk_forecast(results, study, stages)
    assert (first.images, first.fits, first.free) == (40, False, 10**6)
    assert first.needed == 40 * bytes_per_image(study, stages)
    write_array(np.zeros(10**6, np.uint8), results / "large" / "images.npy")
    later = disk_forecast(results, study, stages)
    assert first.needed - later.needed == pytest.approx(10**6, rel=0.01)
    (results / "large" / "linked.npy").hardlink_to(results / "large" / "images.npy")
    linked = disk_forecast(results, study, stages)
    assert linked.needed == pytest.approx(later.needed)
    write_table(pd.DataFrame({"image_id": ["a", "b"]}), results / "large" / "cohort.parquet")
    assert disk_forecast(results, study, stages).images == 2


def test_a_forecast_is_said_where_it_matters():
    assert DiskForecast(10, 1e6, 1e9).words() == ""
    assert DiskForecast(112_120, 15.24e9, 37e9).words() == (
        "The results need up to 15.2 GB of disk for 112,120 images; 37.0 GB are free."
    )
    assert DiskForecast(112_120, 15.24e9, 9e9).words() == (
        "The results need up to 15.2 GB of disk for 112,120 images, but 9.0 GB are free: free "
        "some, or run in a folder on a larger disk."
    )
    assert not DiskForecast(10, 2.0, 1.0).fits
