"""The patients, images and untidy metadata of a synthetic cohort."""

import csv
import io
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from PIL import Image
from scipy.ndimage import gaussian_filter

from cxr.io import write_text
from cxr.synthetic.anatomy import Anatomy, Exposure, Pattern, burn_in, draw

UPSTREAM_HEADER = (
    "patientid,offset,sex,age,finding,survival,intubated,went_icu,needed_supplemental_O2,"
    "extubated,temperature,pO2_saturation,leukocyte_count,neutrophil_count,lymphocyte_count,view,"
    "modality,date,location,folder,filename,doi,url,license,clinical_notes,other_notes,"
)
HEADER = UPSTREAM_HEADER.split(",")
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
# Where the groups lie around COVID's pattern at strength 1: count, height, lateral, size, density.
GROUPS = np.array(
    [
        [1.0, 0.14, 0.16, -0.012, 0.05],
        [-2.6, -0.22, -0.46, 0.075, 0.10],
        [4.0, -0.48, 0.05, -0.024, 0.18],
        [-3.6, 0.16, -0.30, 0.060, 0.24],
        [2.0, -0.10, 0.24, 0.020, -0.12],
        [-1.0, -0.50, -0.40, 0.040, 0.02],
    ]
)


@dataclass(frozen=True)
class Site:
    """A hospital and its one scanner."""

    location: str
    country: str
    share: float
    contrast: float
    gamma: float
    noise: float
    blur: float
    margin: float
    marker: str
    suffix: str
    colour: bool


SITES = (
    Site(
        "Ospedale San Marco, Bergamo, Italy ",
        "Italy",
        0.30,
        1.0,
        1.0,
        0.012,
        0.4,
        0.0,
        "L",
        ".jpg",
        False,
    ),
    Site(
        "Hospital del Sol, Barcelona, Spain",
        "Spain",
        0.16,
        1.15,
        0.9,
        0.02,
        0.6,
        0.03,
        "",
        ".jpeg",
        True,
    ),
    Site(
        "Wuhan East Hospital, Wuhan, Hubei Province, China",
        "China",
        0.14,
        0.9,
        1.15,
        0.015,
        0.9,
        0.05,
        "AP",
        ".png",
        False,
    ),
    Site(
        "Taoyuan City Hospital, Taoyuan, Taiwan ",
        "Taiwan",
        0.10,
        1.05,
        1.05,
        0.01,
        0.3,
        0.02,
        "",
        ".png",
        True,
    ),
    Site(
        "Harbour Hospital, Melbourne, Australia",
        "Australia",
        0.08,
        1.1,
        1.0,
        0.018,
        0.5,
        0.0,
        "R",
        ".jpg",
        False,
    ),
    Site(
        "Goyang Central Hospital, Goyang, Korea",
        "South Korea",
        0.06,
        0.95,
        0.95,
        0.014,
        0.5,
        0.04,
        "L",
        ".jpeg",
        False,
    ),
    Site("Macao, China", "Macao", 0.04, 1.0, 1.1, 0.02, 0.8, 0.0, "", ".jpg", True),
    Site("", "", 0.12, 1.0, 1.0, 0.02, 0.7, 0.02, "", ".jpeg", True),
)
DATES = ("2020", "January {d}", "Feb {d}, 2020", "2/{d}/2020", "03/{d}/20", "March {d}, 2020", "")
VIEWS = ("PA", "AP", "AP Supine", "L", "?")
VIEW_SHARES = (0.56, 0.22, 0.12, 0.06, 0.04)


def write_cohort(
    destination: Path,
    *,
    patients: int,
    images_per_patient: float,
    image_size: int,
    variants: int,
    variant_strength: float,
    seed: int,
) -> None:
    """Writes a cohort in the layout of ieee8023/covid-chestxray-dataset, and its truth.

    Parameters
    ----------
    destination : Path
        An empty folder; gets `metadata.csv`, `images/` and `truth.csv`.
    patients : int
        In each of the four classes.
    images_per_patient : float
        Mean number of images, at least one.
    image_size : int
        Height of the radiographs, pixels.
    variants : int
        Appearance groups inside COVID-19.
    variant_strength : float
        0 makes the groups equal, 1 clearly different on average.
    seed : int
        Patient i of a class is the same whatever the number of patients.
    """
    (destination / "images").mkdir()
    rows: list[dict[str, str]] = []
    truth: list[dict[str, object]] = []
    for number, finding in enumerate(PATTERNS):
        for patient in range(patients):
            rng = np.random.default_rng([seed, number, patient])
            variant = patient % variants if finding == "COVID-19" else 0
            pattern = pattern_of(finding, variant, variant_strength)
            person = number * 10_000 + patient + 1
            drawn = _draw_patient(rng, person, finding, pattern, images_per_patient, image_size)
            for record, known, data in drawn:
                (destination / "images" / record["filename"]).write_bytes(data)
                rows.append(record)
                truth.append({**known, "class": finding, "variant": variant})
    _break_some(destination, rows, truth)
    _write_csv(rows, HEADER, destination / "metadata.csv")
    _write_csv(truth, TRUTH, destination / "truth.csv")


def pattern_of(finding: str, variant: int, strength: float) -> Pattern | None:
    """The pattern of a class, moved towards its appearance group."""
    pattern = PATTERNS[finding]
    if pattern is None or finding != "COVID-19":
        return pattern
    count, height, lateral, size, density = strength * GROUPS[variant]
    return replace(
        pattern,
        count=max(0.8, pattern.count + count),
        height=float(np.clip(pattern.height + height, 0.1, 0.9)),
        lateral=float(np.clip(pattern.lateral + lateral, 0.1, 0.95)),
        size=max(0.02, pattern.size + size),
        density=max(0.1, pattern.density + density),
    )


def _draw_patient(
    rng: np.random.Generator,
    person: int,
    finding: str,
    pattern: Pattern | None,
    images_per_patient: float,
    image_size: int,
) -> list[tuple[dict[str, str], dict[str, object], bytes]]:
    """A patient's images: the row of metadata, the truth, the file's bytes."""
    anatomy = Anatomy.draw(rng)
    site = SITES[rng.choice(len(SITES), p=[s.share for s in SITES])]
    sex, age = (
        str(rng.choice(["M", "F", ""], p=[0.55, 0.35, 0.1])),
        int(np.clip(rng.normal(55, 15), 5, 95)),
    )
    age_text = str(rng.choice([f"{age}", f"{age}.0", ""], p=[0.8, 0.1, 0.1]))
    known_site = rng.random() > 0.15
    peak = rng.uniform(0.55, 1.0)
    day, drawn = int(rng.integers(0, 8)), []
    for image in range(1 + rng.poisson(images_per_patient - 1)):
        severity = float(peak * np.exp(-(((day - 9) / 9) ** 2)) ** 0.5) if pattern else 0.0
        view = (
            str(rng.choice(VIEWS, p=VIEW_SHARES))
            if image
            else str(rng.choice(VIEWS[:3], p=[0.6, 0.25, 0.15]))
        )
        shown = "PA" if view == "?" else view
        ideal = draw(image_size, anatomy, Exposure(shown, severity, pattern), rng)
        filename = f"case-{person:05d}-{image + 1}{site.suffix}"
        date = str(rng.choice(DATES)).format(d=int(rng.integers(1, 28)))
        record = dict.fromkeys(HEADER, "") | {
            "patientid": str(person),
            "offset": str(day) if rng.random() > 0.2 else "",
            "sex": sex,
            "age": age_text,
            "finding": "COVID-19, ARDS" if finding == "COVID-19" and severity > 0.93 else finding,
            "survival": str(rng.choice(["Y", "N", ""], p=[0.3, 0.1, 0.6])),
            "view": view,
            "modality": "X-ray",
            "date": date,
            "location": (site.location if rng.random() > 0.1 else site.country)
            if known_site
            else "",
            "folder": "images",
            "filename": filename,
            "license": "CC0",
            "clinical_notes": "phantom",
        }
        known: dict[str, object] = {
            "filename": filename,
            "patientid": person,
            "site": site.location.strip() or "unnamed",
            "country": site.country,
            "severity": f"{severity:.3f}",
            "view": shown,
            "defect": "",
        }
        drawn.append((record, known, encode(expose(ideal, site, rng), site)))
        day += int(rng.integers(2, 7))
    return drawn


def expose(ideal: np.ndarray, site: Site, rng: np.random.Generator) -> np.ndarray:
    """What a site's scanner makes of an ideal radiograph.

    Parameters
    ----------
    ideal : float array, shape (size, size)
        From 0 to 1.

    Returns
    -------
    uint8 array, shape (size, width)
        The width varies with the site's margin and a little at random.
    """
    size = len(ideal)
    image = gaussian_filter(ideal, site.blur * size / 192)
    image = 0.5 + (image**site.gamma - 0.5) * site.contrast * rng.normal(1, 0.03)
    image += rng.normal(0, site.noise, image.shape) + rng.normal(0, 0.015)
    cut = int(size * (site.margin + rng.uniform(0, 0.05)))
    image = image[:, cut : size - cut] if cut else image
    pixels = np.round(255 * np.clip(image, 0, 1)).astype(np.uint8)
    return burn_in(pixels, site.marker if rng.random() < 0.7 else "")


def encode(pixels: np.ndarray, site: Site) -> bytes:
    """The file as a site writes it."""
    image = Image.fromarray(pixels)
    buffer = io.BytesIO()
    image = image.convert("RGB") if site.colour else image
    if site.suffix == ".png":
        image.save(buffer, "PNG")
    else:
        image.save(buffer, "JPEG", quality=92)
    return buffer.getvalue()


def _break_some(
    destination: Path, rows: list[dict[str, str]], truth: list[dict[str, object]]
) -> None:
    """Adds a handful of broken and odd entries, each a copy of a whole one under a new name."""
    images = destination / "images"
    whole_rows = len(rows)
    for position, defect in enumerate(
        (
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
    ):
        index = (position * 7) % whole_rows
        whole = images / rows[index]["filename"]
        grey = Image.open(whole).convert("L")
        name = f"odd-{position}.png" if defect != "volume" else f"odd-{position}.nii.gz"
        target = images / name
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
        record = rows[index] | {"filename": name}
        if defect == "unknown finding":
            record |= {"finding": "todo"}
        if defect != "no row":
            rows.append(record)
        truth.append(truth[index] | {"filename": name, "defect": defect})


def _write_csv(rows: list[dict], columns: tuple[str, ...] | list[str], path: Path) -> None:
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    write_text(text.getvalue(), path)
