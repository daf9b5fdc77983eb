"""A study's data is checked without running it: what is used, what is not, what mends it."""

import pytest
import yaml

from cxr.config.resolve import resolve
from cxr.core.errors import InputError
from cxr.intake.check import check, load_study
from cxr.intake.init import init


@pytest.fixture
def study(folder, tmp_path):
    list(init(str(folder), "mine", tmp_path))
    return yaml.safe_load((tmp_path / "mine.yaml").read_text())


def said(study):
    return "\n".join(check(resolve(study)))


def test_a_study_that_can_run_has_its_classes_counted(study):
    text = said(study)
    assert "own: 60 images of 30 patients" in text
    assert "60 of 60 images that were opened can be used" in text
    assert "class COVID-19: 30 images of 30 patients" in text


def test_each_loss_has_its_number_its_reason_and_what_mends_it(study, folder):
    (folder / "Bilder" / "img_000.png").unlink()
    (folder / "Bilder" / "img_001.png").write_text("hello")
    table = folder / "Liste.csv"
    lines = table.read_text(encoding="cp1252").splitlines()
    lines[3] += ";one too many"
    lines[5] = lines[5].replace("normal", "Foo")
    lines[7] = lines[7].replace(",5;", "years;")
    table.write_text("\n".join(lines), encoding="cp1252")
    text = said(study)
    assert "1 left out: no such file; check the source's `images` and `columns.file`" in text
    assert "1 left out: not an image that can be read: text" in text
    assert "1 left out: 11 cells where the header has 10" in text
    assert "1 left out: finding Foo; add it to the `findings` of a class" in text


def test_copies_and_small_images_are_not_said_to_be_used(study, folder):
    images = folder / "Bilder"
    for number in range(2, 60, 2):
        (images / f"img_{number:03d}.png").write_bytes((images / "img_000.png").read_bytes())
    lines: list[str] = []
    with pytest.raises(InputError, match="only 1 independent patients are left"):
        lines.extend(check(resolve(study)))
    assert any("29 left out" in line and "duplicate" in line for line in lines)
    study["cohort"]["min_side"] = 100
    with pytest.raises(InputError, match="none of its images can be used, most often: smaller"):
        lines.extend(check(resolve(study)))
    assert any("60 left out: smaller than 100 pixels; lower `cohort.min_side`" in s for s in lines)


def test_an_external_source_is_counted_apart(study):
    study["sources"]["there"] = dict(study["sources"]["own"])
    study["evaluation"] = {"external": ["there"]}
    heading = "there, for external validation, before near duplicates are removed:"
    own, there = said(study).split(heading)
    assert own.count("class COVID-19: 30 images of 30 patients") == 1
    assert there.count("class COVID-19: 30 images of 30 patients") == 1


def test_a_class_that_loses_all_its_images_is_named_with_the_key(study):
    study["sources"]["own"]["constants"] = {}
    with pytest.raises(InputError, match=r"30 to 'modality unknown' \(add `constants: \{modality"):
        said(study)


def test_values_that_are_not_understood_are_shown(study, folder):
    table = folder / "Liste.csv"
    text = table.read_text(encoding="cp1252").replace("30,5", "young", 1)
    table.write_text(text, encoding="cp1252")
    assert "age_years: 1 values are not understood: young (1)" in said(study)


def test_sources_that_are_not_here_yet_are_named(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # where nothing was run
    study = load_study("")
    assert "phantoms: not obtained yet; the run does that" in list(check(study))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: [1", "not YAML"),
        ("", "no keys in it"),
        ("study: x\nsorces: {}", "'sorces': is not known; did you mean sources"),
    ],
)
def test_a_file_that_is_no_study_is_named(text, message, tmp_path):
    path = tmp_path / "s.yaml"
    path.write_text(text)
    with pytest.raises(InputError, match=message):
        load_study(str(path))


def test_a_study_is_found_by_its_name():
    assert load_study("variants-2020")["study"] == "variants-2020"
    with pytest.raises(InputError, match="nosuch: no such study; name its file, or one of"):
        load_study("nosuch")
