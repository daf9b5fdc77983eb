"""The patients, images and untidy metadata of a synthetic cohort."""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from itertools import product
from pathlib import Path

import numpy as np
from PIL import Image

from cxr.core.io import write_text
from cxr.core.parallel import in_processes
from cxr.synthetic.anatomy import Anatomy, Exposure, Pattern, draw
from cxr.synthetic.settings import SyntheticCohort
from cxr.synthetic.sites import SITES, Site, encode, expose

UPSTREAM_HEADER = (
    "patientid,offset,sex,age,finding,survival,intubated,went_icu,needed_supplemental_O2,"
    "extubated,temperature,pO2_saturation,leukocyte_count,neutrophil_count,lymphocyte_count,view,"
    "modality,date,location,folder,filename,doi,url,license,clinical_notes,other_notes,"
)
HEADER = [*UPSTREAM_HEADER.split(","), "scanner"]
TRUTH = (
    "filename",
    "patientid",
    "class",
    "variant",
    "site",
    "country",
    "severity",
    "view",
    "defect",
)

COVID = Pattern(5.0, 0.72, 0.72, 0.14, 0.055, 0.32, 0.04)
PATTERNS: dict[str, Pattern | None] = {
    "COVID-19": COVID,
    "No Finding": None,
    "Bacterial pneumonia": Pattern(0.7, 0.5, 0.5, 0.22, 0.12, 0.6, 0.0, sides=1),
    "Viral pneumonia": Pattern(0.5, 0.5, 0.5, 0.3, 0.05, 0.12, 0.26),
}
# Where the groups lie around COVID's pattern at strength 1: count, height, lateral, size, density,
# streaks. Nodules, large haze, a mesh; apical, hilar and basal patches.
GROUPS = np.array(
    [
        [3.0, -0.02, -0.02, -0.011, 0.10, -0.013],
        [0.0, -0.09, -0.12, 0.015, 0.09, -0.013],
        [-0.3, -0.10, 0.0, 0.0, -0.02, 0.16],
        [-0.8, -0.18, 0.0, 0.015, 0.15, -0.013],
        [1.5, -0.05, -0.20, -0.008, 0.05, 0.07],
        [-0.5, 0.08, 0.05, 0.0, 0.20, -0.013],
    ]
)
DATES = ("2020", "January {d}", "Feb {d}, 2020", "2/{d}/2020", "03/{d}/20", "March {d}, 2020", "")
VIEWS = ("PA", "AP", "AP Supine", "L", "?")
VIEW_SHARES = (0.56, 0.22, 0.12, 0.06, 0.04)
FIRST_VIEW_SHARES = (0.6, 0.25, 0.15, 0.0, 0.0)
DEFECTS = (
    "truncated",
    "zero bytes",
    "exact duplicate",
    "near duplicate",
    "16 bit",
    "one pixel",
    "no file",
    "no row",
    "volume",
    "unknown finding",
)


def write_cohort(destination: Path, settings: SyntheticCohort, threads: int = 1) -> None:
    """Writes a cohort in the layout of ieee8023/covid-chestxray-dataset, and its truth.

    Its metadata have a column `scanner` beside those of upstream.

    Parameters
    ----------
    destination : Path
        An empty folder; gets `metadata.csv`, `images/` and `truth.csv`.
    settings : SyntheticCohort
    threads : int
        Processes that draw patients.
    """
    (destination / "images").mkdir()
    rows: list[dict[str, str]] = []
    truth: list[dict[str, object]] = []
    patients = list(product(enumerate(PATTERNS), range(settings.patients)))
    for images in in_processes(partial(_draw_patient, settings), patients, threads):
        for record, planted, data in images:
            (destination / "images" / record["filename"]).write_bytes(data)
            rows.append(record)
            truth.append(planted)
    _break_some(destination, rows, truth)
    _write_csv(rows, HEADER, destination / "metadata.csv")
    _write_csv(truth, TRUTH, destination / "truth.csv")


def pattern_of(finding: str, variant: int, strength: float) -> Pattern | None:
    """The pattern of a class, moved towards its appearance group."""
    pattern = PATTERNS[finding]
    if pattern is None or finding != "COVID-19":
        return pattern
    count, height, lateral, size, density, streaks = strength * GROUPS[variant]
    return replace(
        pattern,
        count=max(0.8, pattern.count + count),
        height=float(np.clip(pattern.height + height, 0.1, 0.9)),
        lateral=float(np.clip(pattern.lateral + lateral, 0.1, 0.95)),
        size=max(0.02, pattern.size + size),
        density=max(0.1, pattern.density + density),
        streaks=max(0.0, pattern.streaks + streaks),
    )


@dataclass(frozen=True)
class _Patient:
    """What all images of a patient share."""

    number: int
    finding: str
    pattern: Pattern | None
    anatomy: Anatomy
    site: Site
    sex: str
    age: str
    records_site: bool
    peak: float

    @classmethod
    def draw(
        cls, number: int, finding: str, pattern: Pattern | None, rng: np.random.Generator
    ) -> "_Patient":
        anatomy = Anatomy.draw(rng)
        site = SITES[rng.choice(len(SITES), p=[s.share for s in SITES])]
        sex = str(rng.choice(["M", "F", ""], p=[0.55, 0.35, 0.1]))
        age = int(np.clip(rng.normal(55, 15), 5, 95))
        age_text = str(rng.choice([f"{age}", f"{age}.0", ""], p=[0.8, 0.1, 0.1]))
        records_site = bool(rng.random() > 0.15)
        peak = float(rng.uniform(0.7, 1.0))
        return cls(number, finding, pattern, anatomy, site, sex, age_text, records_site, peak)

    def severity(self, day: int) -> float:
        """From 0 to 1; it peaks on day 9."""
        if self.pattern is None:
            return 0.0
        return float(self.peak * np.exp(-0.5 * ((day - 9) / 12) ** 2))

    def location(self, rng: np.random.Generator) -> str:
        """What the record says of the place: hospital, mere country, or nothing."""
        if not self.records_site:
            return ""
        return self.site.location if rng.random() > 0.1 else self.site.country


def _draw_patient(
    settings: SyntheticCohort, place: tuple[tuple[int, str], int]
) -> list[tuple[dict[str, str], dict[str, object], bytes]]:
    """The images of the patient of a class (its number and name) with an index in it."""
    (number, finding), index = place
    rng = np.random.default_rng([settings.seed, number, index])
    variant = index % settings.variants if finding == "COVID-19" else 0
    pattern = pattern_of(finding, variant, settings.variant_strength)
    patient = _Patient.draw(number * 10_000 + index + 1, finding, pattern, rng)
    if settings.variant_sites and finding == "COVID-19":
        patient = replace(patient, site=SITES[variant])
    images = _draw_images(patient, settings.images_per_patient, settings.image_size, rng)
    return [
        (record, {**planted, "class": finding, "variant": variant}, data)
        for record, planted, data in images
    ]


def _draw_images(
    patient: _Patient, images_per_patient: float, image_size: int, rng: np.random.Generator
) -> Iterator[tuple[dict[str, str], dict[str, object], bytes]]:
    """A patient's images over time: the row of metadata, the truth, the file's bytes."""
    day = int(rng.integers(0, 8))
    for image in range(1 + rng.poisson(images_per_patient - 1)):
        severity = patient.severity(day)
        # The first image is a frontal one, so that every patient can be in the cohort.
        view = str(rng.choice(VIEWS, p=VIEW_SHARES if image else FIRST_VIEW_SHARES))
        shown = "PA" if view == "?" else view
        ideal = draw(image_size, patient.anatomy, Exposure(shown, severity, patient.pattern), rng)
        filename = f"case-{patient.number:05d}-{image + 1}{patient.site.suffix}"
        with_ards = patient.finding == "COVID-19" and severity > 0.93
        record = dict.fromkeys(HEADER, "") | {
            "patientid": str(patient.number),
            "offset": str(day) if rng.random() > 0.2 else "",
            "sex": patient.sex,
            "age": patient.age,
            "finding": "COVID-19, ARDS" if with_ards else patient.finding,
            "survival": str(rng.choice(["Y", "N", ""], p=[0.3, 0.1, 0.6])),
            "view": view,
            "modality": "X-ray",
            "date": str(rng.choice(DATES)).format(d=int(rng.integers(1, 28))),
            "location": patient.location(rng),
            "folder": "images",
            "filename": filename,
            "license": "CC0",
            "clinical_notes": "phantom",
            "scanner": patient.site.scanner,
        }
        planted: dict[str, object] = {
            "filename": filename,
            "patientid": patient.number,
            "site": patient.site.location.strip() or "unnamed",
            "country": patient.site.country,
            "severity": f"{severity:.3f}",
            "view": shown,
            "defect": "",
        }
        yield record, planted, encode(expose(ideal, patient.site, rng), patient.site)
        day += int(rng.integers(2, 7))


def _break_some(
    destination: Path, rows: list[dict[str, str]], truth: list[dict[str, object]]
) -> None:
    """Adds a handful of broken and odd entries, each a copy of a whole one under a new name."""
    images, whole_rows = destination / "images", len(rows)
    for position, defect in enumerate(DEFECTS):
        index = (position * 7) % whole_rows
        name = f"odd-{position}{'.nii.gz' if defect == 'volume' else '.png'}"
        _spoil(images / rows[index]["filename"], images / name, defect)
        finding = "todo" if defect == "unknown finding" else rows[index]["finding"]
        if defect != "no row":
            rows.append(rows[index] | {"filename": name, "finding": finding})
        truth.append(truth[index] | {"filename": name, "defect": defect})


def _spoil(whole: Path, target: Path, defect: str) -> None:
    """Writes a spoilt copy of an image; for "no file" none."""
    grey = Image.open(whole, formats=["JPEG", "PNG"]).convert("L")
    if defect == "truncated":
        data = encode(np.array(grey), replace(SITES[0], suffix=".png"))
        target.write_bytes(data[: len(data) // 2])
    elif defect in ("zero bytes", "volume"):
        target.touch()
    elif defect == "near duplicate":
        grey.resize((grey.width * 4 // 5, grey.height * 4 // 5)).save(target)
    elif defect == "16 bit":
        Image.fromarray(np.asarray(grey, dtype=np.uint16) * 16).save(target)
    elif defect == "one pixel":
        grey.crop((0, 0, 1, 1)).save(target)
    elif defect != "no file":
        target.write_bytes(whole.read_bytes())


def _write_csv(rows: list[dict], columns: tuple[str, ...] | list[str], path: Path) -> None:
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    write_text(text.getvalue(), path)
