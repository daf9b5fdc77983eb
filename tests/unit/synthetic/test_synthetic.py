"""The synthetic cohort: the same bytes for the same seed, and the truth that it claims."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.ndimage import gaussian_filter

from cxr.images.decode import read_grey
from cxr.sources.ieee8023 import read
from cxr.synthetic.cohort import write_cohort
from tests.helpers.inspection import inspected_reading
from tests.helpers.phantoms import PLAIN_COHORT

SETTINGS = replace(
    PLAIN_COHORT, patients=8, images_per_patient=1.5, image_size=64, variants=2, seed=7
)


def drawn(folder, threads=1, **changes):
    folder.mkdir()
    write_cohort(folder, replace(SETTINGS, **changes), threads)
    return folder


def contents(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def truth_of(folder):
    return pd.read_csv(folder / "truth.csv", keep_default_na=False)


@pytest.fixture(scope="module")
def cohort(tmp_path_factory):
    return drawn(tmp_path_factory.mktemp("synthetic") / "a")


def test_the_same_arguments_give_the_same_bytes_and_another_seed_others(cohort, tmp_path):
    assert contents(drawn(tmp_path / "b", threads=2)) == contents(cohort)
    assert contents(drawn(tmp_path / "c", seed=8)) != contents(cohort)


def test_a_patient_stays_the_same_when_others_are_added(cohort, tmp_path):
    more = contents(drawn(tmp_path / "b", patients=10))
    fewer = contents(cohort)
    names = [name for name in fewer if name.startswith("images/case-")]
    assert names
    assert all(more[name] == fewer[name] for name in names)


@pytest.mark.mirror
def test_the_columns_are_upstreams_and_the_scanner(cohort, mirror):
    header = (mirror / "covid-chestxray-dataset" / "metadata.csv").read_text().splitlines()[0]
    assert (cohort / "metadata.csv").read_text().splitlines()[0] == f"{header},scanner"


def test_the_defects_cost_themselves_and_nothing_else(cohort):
    measured, _ = inspected_reading(read("s", cohort), cohort, 32, threads=1)
    truth = truth_of(cohort).set_index("filename")
    rejected = measured.rejected
    reasons = dict(
        zip(rejected["file"].str.removeprefix("images/"), rejected["reason"], strict=True)
    )
    defects = {truth.loc[name, "defect"]: reason for name, reason in reasons.items()}
    assert defects == {
        "truncated": "truncated or damaged",
        "zero bytes": "the file is empty",
        "one pixel": "smaller than 32 pixels",
        "no file": "no such file",
        "no row": "no row in metadata.csv",
        "volume": "not an image file: a volume or a document",
    }
    survived = truth.loc[measured.rows["file"].str.removeprefix("images/"), "defect"]
    assert set(survived) - {""} == {
        "16 bit",
        "exact duplicate",
        "near duplicate",
        "unknown finding",
    }


def test_the_metadata_are_as_untidy_as_they_are_true(cohort):
    rows = read("s", cohort).rows
    truth = truth_of(cohort).assign(file=lambda t: "images/" + t["filename"])
    both = rows.merge(truth, on="file", suffixes=("", "_true"))
    known = both.loc[both["country"].notna()]
    assert (known["country"] == known["country_true"]).all()
    assert both["country"].isna().any()
    assert both["sex"].isna().any()
    assert both["date"].isna().any()
    assert set(both["date"].dropna().str.len()) == {4, 10}
    assert set(both["finding"].dropna().str.split(",").str[0]) == {
        "COVID-19",
        "No finding",
        "bacterial pneumonia",
        "viral pneumonia",
    }


def lung_texture(folder, rows):
    """The share of the lungs' contrast that is finer than a twentieth of the image."""
    values = []
    for name in rows["filename"]:
        grey = read_grey(folder / "images" / name).astype(float)
        h, w = grey.shape
        fine = grey - gaussian_filter(grey, h / 20)
        window = np.s_[int(0.15 * h) : int(0.7 * h), int(0.2 * w) : int(0.8 * w)]
        values.append(fine[window].std() / grey[window].std())
    return np.array(values)


def separation(folder):
    """Distance of the two variants' textures in standard deviations."""
    truth = truth_of(folder)
    covid = truth.loc[
        (truth["class"] == "COVID-19") & (truth["defect"] == "") & (truth["view"] != "L")
    ]
    groups = [lung_texture(folder, rows) for _, rows in covid.groupby("variant")]
    spread = np.sqrt(np.mean([group.var() for group in groups]))
    return abs(groups[0].mean() - groups[1].mean()) / spread


def test_variants_differ_with_their_strength(tmp_path):
    many = {"patients": 30, "variants": 2}
    strong = separation(drawn(tmp_path / "strong", variant_strength=3.0, **many))
    none = separation(drawn(tmp_path / "none", variant_strength=0.0, **many))
    assert strong > 1.3
    assert none < 0.7


def test_one_variant_or_no_strength_draws_the_same_images(tmp_path):
    one = contents(drawn(tmp_path / "one", variants=1, variant_strength=0.0))
    three = contents(drawn(tmp_path / "three", variants=3, variant_strength=0.0))
    images = [name for name in one if name.startswith("images/")]
    assert all(one[name] == three[name] for name in images)
    assert one["truth.csv"] != three["truth.csv"]


def test_a_confounder_gives_each_variant_a_hospital_of_its_own(tmp_path):
    truth = truth_of(drawn(tmp_path / "confounded", variants=3, variant_sites=True))
    covid = truth.loc[truth["class"] == "COVID-19"]
    assert covid.groupby("variant")["site"].nunique().tolist() == [1, 1, 1]
    assert covid["site"].nunique() == 3
    rows = pd.read_csv(tmp_path / "confounded" / "metadata.csv").set_index("filename")
    scanners = rows.reindex(covid["filename"])["scanner"].groupby(covid["variant"].to_numpy())
    assert scanners.nunique().tolist() == [1, 1, 1]
    assert scanners.first().nunique() == 3
    assert truth.loc[truth["class"] != "COVID-19", "site"].nunique() > 3


def test_variants_are_planted_in_covid_patients_alone_and_whole_patients(cohort):
    truth = truth_of(cohort)
    assert set(truth.loc[truth["class"] != "COVID-19", "variant"]) == {0}
    covid = truth.loc[truth["class"] == "COVID-19"]
    assert set(covid["variant"]) == {0, 1}
    assert set(covid.groupby("patientid")["variant"].nunique()) == {1}


def test_classes_look_different(tmp_path):
    folder = drawn(tmp_path / "a", patients=20)
    truth = truth_of(folder)
    clean = truth.loc[(truth["defect"] == "") & (truth["view"] != "L")]

    def texture(name):
        grey = read_grey(folder / "images" / name).astype(float)
        h, w = grey.shape
        lungs = grey[int(0.2 * h) : int(0.6 * h), int(0.2 * w) : int(0.8 * w)]
        return np.abs(np.diff(lungs, axis=1)).mean()

    mean = clean.assign(texture=clean["filename"].map(texture)).groupby("class")["texture"].mean()
    assert mean["Viral pneumonia"] > 1.1 * mean["No Finding"]
