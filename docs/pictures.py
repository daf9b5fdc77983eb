"""The tutorial's images, run and pictures, for `make pictures`.

Writes 60 synthetic radiographs and a table into a folder, runs the tutorial's commands on them in a
copy of the workflow, and photographs the page into docs/pictures/.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pandas as pd
from PIL import Image
from playwright.sync_api import Page, sync_playwright

from cxr.core.paths import ROOT
from cxr.synthetic.cohort import write_cohort
from cxr.synthetic.settings import SyntheticCohort

PICTURES = ROOT / "docs" / "pictures"
PARTS = ("Snakefile", "rules", "workflow", "config", "envs", "profiles", "Makefile")
CHROMIUM = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
FINDINGS = ("COVID-19", "No Finding")
A_CLASS = 30
COHORT = SyntheticCohort(
    patients=30,
    images_per_patient=1.5,
    image_size=192,
    variants=3,
    variant_strength=2.0,
    variant_sites=False,
    seed=60,
)
# Of the gallery and of the tutorial: a picture's name, and where its section begins.
SECTIONS = {
    "summary": "#summary",
    "table-1": "#table-1",
    "confounding": "#confounding",
    "comparison": "#comparison",
    "map": "#explore",
    "clusters": "#clusters",
    "evidence": "#evidence",
    "representations": "#representations",
    "similar": "#similar",
    "provenance": "#provenance",
}


def write_images(folder: Path) -> None:
    """60 images of two findings in `folder/images`, with `folder/cohort.csv`."""
    with tempfile.TemporaryDirectory() as drawn:
        write_cohort(Path(drawn), COHORT)
        table = pd.read_csv(Path(drawn) / "metadata.csv")
        (folder / "images").mkdir(parents=True)
        chosen = []
        for finding in FINDINGS:
            rows = table[(table["finding"] == finding) & table["view"].isin(["PA", "AP"])]
            whole = [row for _, row in rows.iterrows() if usable(Path(drawn) / "images", row)]
            chosen += whole[:A_CLASS]
        for row in chosen:
            shutil.copy(Path(drawn) / "images" / row["filename"], folder / "images")
    columns = {"filename": "image_name", "finding": "diagnosis", "patientid": "pid", "view": "view"}
    columns |= {"sex": "gender", "age": "age", "scanner": "scanner"}
    frame = pd.DataFrame(chosen)[list(columns)].rename(columns=columns)
    frame.to_csv(folder / "cohort.csv", index=False)


def usable(folder: Path, row: pd.Series) -> bool:
    """Whether its file is one that can be read; some are damaged on purpose."""
    try:
        with Image.open(folder / str(row["filename"])) as image:
            image.load()
    except OSError:
        return False
    return True


def run(clone: Path, *command: str) -> None:
    """One command of the tutorial, in the copy."""
    environment = os.environ | {"PYTHONPATH": "workflow/scripts"}
    subprocess.run(command, cwd=clone, env=environment, check=True)


def photograph(page: Page, address: str) -> None:
    """A screen of each section of the page, 1,200 pixels wide."""
    page.goto(address)
    for name, section in SECTIONS.items():
        page.locator(section).first.scroll_into_view_if_needed()
        page.wait_for_timeout(1500)
        page.evaluate("s => document.querySelector(s).scrollIntoView()", section)
        page.wait_for_timeout(500)
        page.screenshot(path=PICTURES / f"{name}.png")


def main() -> None:
    """Everything, in a temporary folder."""
    PICTURES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as temporary:
        data, clone = Path(temporary) / "first-sixty", Path(temporary) / "clone"
        write_images(data)
        clone.mkdir()
        for part in PARTS:
            copy = shutil.copytree if (ROOT / part).is_dir() else shutil.copy
            copy(ROOT / part, clone / part)
        run(clone, sys.executable, "-m", "cxr.intake.init", str(data), "--study", "first")
        run(clone, sys.executable, "-m", "cxr.intake.check", "first")
        study = ["--configfile", "config/studies/first.yaml", "--config", "quick=true"]
        run(clone, sys.executable, "-m", "snakemake", "--cores", "all", *study)
        report = clone / "results" / "first-quick" / "report.html"
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=shutil.which("chromium"), args=CHROMIUM
            )
            page = browser.new_page(viewport={"width": 1200, "height": 800})
            photograph(page, report.as_uri())


if __name__ == "__main__":
    main()
