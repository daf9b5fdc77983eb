"""External images are those of the classes, none of a patient or an image that the study has."""

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from cxr.cohort.assembly import DuplicateSettings
from cxr.cohort.external import ExternalSettings, KnownImages, assemble_external, shared_ids
from cxr.core.errors import InputError
from tests.helpers.inspection import cohort_images
from tests.helpers.selection import SETTINGS, rejected, rows

EXTERNAL = ExternalSettings(
    ("x",),
    SETTINGS,
    DuplicateSettings(bits=8, correlation=0.95, exclude_contradictions=False),
    image_size=32,
    square="crop",
    same_patient_ids=False,
)
COVID, NORMAL = "COVID-19", "No finding"


def picture(rng):
    coarse = Image.fromarray(rng.integers(0, 255, (9, 9), dtype=np.uint8))
    return coarse.resize((32, 32), Image.Resampling.BICUBIC)


@pytest.fixture
def study(rng):
    """A study of three images; the third is no part of the cohort."""
    names = ["a", "b", "c"]
    metadata = rows(*((n, "u", f"u:of {n}", COVID, "PA", f"bytes {n}") for n in names))
    pixels = np.stack([np.asarray(picture(rng)) for _ in names[:2]])
    return KnownImages(metadata[["image_id"]].head(2), pixels, metadata)


@pytest.fixture
def assemble(tmp_path, rng, study):
    """Assembles external images: file, patient, finding, view, content; those named are drawn."""

    def run(*entries, settings=EXTERNAL, drawn=(), sources="x"):
        table = []
        for entry in entries:
            source = entry[5] if len(entry) > len(("file", "p", "f", "v", "bytes")) else "x"
            (tmp_path / source).mkdir(exist_ok=True)
            file, patient, finding, view, content = entry[:5]
            image = dict(drawn).get(file) or picture(rng)
            image.save(tmp_path / source / file, format="PNG")
            table.append((file, source, f"{source}:{patient}", finding, view, content))
        metadata, path = rows(*table), tmp_path / "images.npy"
        images = cohort_images(metadata, {source: tmp_path / source for source in sources})
        found = assemble_external(metadata, rejected(), study, images, path, settings, threads=1)
        return *found, np.load(path)

    return run


def reasons(excluded):
    return excluded.set_index("file")["reason"].to_dict()


def test_all_images_of_the_classes_are_kept_whatever_the_sources_of_a_class(assemble):
    table, excluded, pixels = assemble(
        ("1", "p", COVID, "PA", "1"),
        ("2", "p", COVID, "AP", "2"),
        ("3", "q", NORMAL, "PA", "3"),
        ("4", "q", "SARS", "PA", "4"),
        ("5", "q", COVID, "L", "5"),
        ("6", "r", NORMAL, "PA", "3"),
    )
    assert table["class"].tolist() == ["covid", "covid", "normal"]
    assert table["split"].unique().tolist() == ["external"]
    assert table["split_group"].tolist() == [0, 0, 1]
    found = reasons(excluded)
    assert found == {"4": "finding SARS", "5": "view L", "6": "exact duplicate"}
    assert pixels.shape == (3, 32, 32)


def test_images_of_the_cohort_and_of_its_patients_are_excluded_with_the_reason(assemble, study):
    again = Image.fromarray(np.clip(study.images[1] * 0.9 + 5, 0, 255).astype(np.uint8))
    table, excluded, pixels = assemble(
        ("1", "p", COVID, "PA", "bytes a"),
        ("2", "p", COVID, "PA", "2"),
        ("3", "q", COVID, "PA", "3"),
        ("4", "q", COVID, "PA", "4"),
        ("5", "r", COVID, "PA", "bytes c"),
        ("6", "s", NORMAL, "PA", "6"),
        drawn={"3": again},
    )
    assert reasons(excluded) == {
        "1": "exact duplicate of an image of the cohort",
        "2": "patient of the cohort",
        "3": "near duplicate of an image of the cohort",
        "4": "patient of the cohort",
    }
    assert table["image_id"].tolist() == ["x/5", "x/6"]
    assert len(pixels) == len(table)


@pytest.mark.parametrize(("same", "kept"), [(False, ["x/1", "x/2"]), (True, ["x/2"])])
def test_equal_ids_are_one_patient_where_the_study_says_so(assemble, same, kept):
    settings = replace(EXTERNAL, same_patient_ids=same)
    entries = [("1", "of a", COVID, "PA", "1"), ("2", "z", COVID, "PA", "2")]
    assert assemble(*entries, settings=settings)[0]["image_id"].tolist() == kept


def test_a_file_that_names_no_patient_is_not_one_of_the_same_name_elsewhere(study):
    files = rows(("of a", "x", "x:of a", COVID, "PA", "1"), ("2", "x", "x:of b", COVID, "PA", "2"))
    assert shared_ids(study.metadata, files) == 1


def test_each_source_is_selected_by_itself(assemble):
    settings = replace(EXTERNAL, sources=("y", "x"))
    entries = [("1", "p", COVID, "PA", "1", "x"), ("1", "p", COVID, "PA", "1", "y")]
    table = assemble(*entries, settings=settings, sources="xy")[0]
    assert table["source"].tolist() == ["y", "x"]
    assert table["split_group"].nunique() == 1


def test_a_source_without_an_image_is_one_line_that_says_what_they_were_lost_to(assemble):
    with pytest.raises(InputError, match=r"no image of 'x' is left \(2 to 'finding SARS'"):
        assemble(*((str(i), str(i), "SARS", "PA", str(i)) for i in range(2)))
    with pytest.raises(InputError, match=r"1 to 'exact duplicate of an image of the cohort'"):
        assemble(("1", "1", COVID, "PA", "bytes a"))
