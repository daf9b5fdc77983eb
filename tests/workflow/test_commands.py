"""The commands that the documents show are understood, and lead from a folder to a report."""

import os
import re
import shlex
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from cxr.core.paths import ROOT
from tests.helpers.documents import GUIDES
from tests.helpers.forked import run_snakemake
from tests.helpers.study import workspace

pytestmark = pytest.mark.timeout(900)

# Run elsewhere, since it needs a finished study.
ELSEWHERE = "--report"


def commands():
    """Each command of snakemake in the documents, in a line of its own or among words."""
    found = {}
    for document in GUIDES:
        text = (ROOT / document).read_text()
        own_line = re.findall(r"^(snakemake .*?)(?:  +#.*)?$", text, re.MULTILINE)
        for command in [*own_line, *re.findall(r"`(snakemake -[^`]*)`", text)]:
            if "..." not in command and ELSEWHERE not in command:
                found.setdefault(command.strip(), document)
    return [pytest.param(command, id=command) for command in found]


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    here = workspace(tmp_path_factory.mktemp("documents") / "clone")
    for name in ("profiles",):
        assert (here.path / name).is_dir()
    study = (ROOT / "config" / "config.yaml").read_text().replace("study: demo", "study: NAME")
    (here.path / "config" / "studies" / "NAME.yaml").write_text(study)
    return here


@pytest.mark.parametrize("command", commands())
def test_a_command_of_the_documents_is_understood(command, place, mirror):
    image = next((mirror / "chest_xray" / "train" / "NORMAL").iterdir())
    stand_ins = {
        "mirror=FOLDER": f"mirror={mirror}",
        "images=FOLDER": f"images={image.parent}",
        "query=FILE": f"query={image}",
    }
    words = [stand_ins.get(word, word) for word in shlex.split(command)[1:]]
    dry = [] if "--unlock" in words else ["--dry-run"]
    done = run_snakemake([*words, *dry], place.path, place.environment)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        (["init", "DATA=my data"], 'cxr.intake.init "$DATA"'),
        (["check-data", "STUDY=mine"], 'cxr.intake.check "$STUDY"'),
        (["study", "STUDY=scale"], "snakemake --configfile config/studies/scale.yaml --cores all"),
        (["study", "STUDY=config/config.yaml"], "snakemake --configfile config/config.yaml"),
        (["study", "STUDY=tests"], "snakemake --configfile config/studies/tests.yaml"),
        (["study", "STUDY=scale", "QUICK=1"], "--config quick=true"),
        (["study"], "snakemake  --cores all"),
    ],
)
def test_make_calls_the_same_commands(target, expected, tmp_path):
    (tmp_path / "venv").mkdir()
    (tmp_path / "venv" / ".ready").touch()
    make = ["make", "--dry-run", f"VENV={tmp_path / 'venv'}", *target]
    done = subprocess.run(make, cwd=ROOT, capture_output=True, text=True, check=True)
    assert expected in done.stdout


def test_a_folder_of_ones_own_goes_to_its_report_without_an_edit(place, tmp_path):
    rng = np.random.default_rng(0)
    (tmp_path / "pics").mkdir()
    lines = ["Bild-Nr;Pat.Nr.;Befund;Gerät"]
    for number in range(60):
        pixels = rng.normal(120, 20, (90, 80))
        pixels[20:40, 20:60] += 40 * (number % 2)
        Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).save(tmp_path / f"pics/{number}.png")
        finding = ("normal", "COVID-19")[number % 2]
        lines.append(f"{number};{number:03d};{finding};{('GE', 'Agfa')[number % 4 // 2]}")
    (tmp_path / "Liste.csv").write_text("\n".join(lines), encoding="cp1252")
    environment = os.environ | {"PYTHONPATH": "workflow/scripts"}
    for module, *words in (("init", str(tmp_path), "--study", "mine"), ("check", "mine")):
        call = [sys.executable, "-m", f"cxr.intake.{module}", *words]
        done = subprocess.run(
            call, cwd=place.path, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
    place.snakemake("--config", "quick=true", config="config/studies/mine.yaml")
    assert (place.path / "results" / "mine-quick" / "report.html").stat().st_size > 100_000


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["--configfile", "none.yaml"], "error: --configfile none.yaml: no such file; studies are"),
        (["similar", "--config", "query=none.png"], "error: config key 'query': there is no file"),
        (["predict", "--config", "images=0123"], "error: config key 'images': a path is expected"),
    ],
)
def test_what_is_missing_is_the_last_line_of_a_dry_run(words, line, place):
    done = run_snakemake([*words, "--dry-run", "--cores", "1"], place.path, place.environment)
    assert done.returncode != 0
    assert done.stderr.splitlines()[-1].startswith(line)
