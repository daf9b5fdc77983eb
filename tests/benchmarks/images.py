"""Time and memory of each rule of a study of many images, from the files to the report.

    python tests/benchmarks/images.py
    python tests/benchmarks/images.py --images 3000 12000 --side 160 --epochs 1 --cores 1
    python tests/benchmarks/images.py --images 1000 4000 --until assemble_cohort

Images of three classes from two sources, two a patient, are drawn into
`results/images-<count>-files` and studied with one small network, its controls and baselines.
The study's results of an earlier run are removed. With several counts the table has each, and the
exponent by which seconds grew between the last two.
"""

import argparse
import math
import shutil
import subprocess
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import yaml
from PIL import Image

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "workflow" / "scripts")]

from cxr.terminal.durations import benchmark_rows  # noqa: E402
from cxr.terminal.reference import unhindered  # noqa: E402

CLASSES = {"COVID-19": "COVID-19", "normal": "No finding", "pneumonia": "pneumonia"}
SOURCES = ("east", "west")
CHUNK = 2000  # images that one job decodes
COLUMNS = {"file": "file", "finding": "finding", "patient_id": "patient"}
FIELDS = {"sex": "sex", "age_years": "age", "location": "location", "view": "view"}


def draw(folder: Path, side: int, number: int) -> None:
    """Draw one image of smooth shapes: those of its class, shifted, and others of its own."""
    rng = np.random.default_rng(number)
    of_class = np.random.default_rng(number // 2 % len(CLASSES)).integers(20, 235, (12, 12))
    moved = np.roll(of_class, rng.integers(-1, 2, 2), (0, 1))
    coarse = (moved + rng.integers(20, 235, (12, 12))) / 2
    smooth = Image.fromarray(coarse.astype(np.uint8)).resize((side, side), Image.Resampling.BICUBIC)
    grey = np.asarray(smooth).astype(np.int16) + rng.integers(-12, 13, (side, side))
    Image.fromarray(grey.clip(0, 255).astype(np.uint8)).save(folder / f"{number}.png")


def prepare(images: int, side: int, epochs: int) -> Path:
    """Draw two sources of so many images together, and write the study's config."""
    place = ROOT / "results" / f"images-{images}-files"
    numbers = np.arange(images)
    patients = numbers // 2
    rng = np.random.default_rng(0)
    table = pd.DataFrame({"file": [f"{number}.png" for number in numbers]})
    table["patient"] = patients
    table["finding"] = np.array(list(CLASSES.values()))[patients % len(CLASSES)]
    table["sex"] = rng.choice(["M", "F"], images)[patients]
    table["age"] = rng.integers(1, 95, images)[patients]
    table["location"] = rng.choice(["Rome, Italy", "Madrid, Spain", "Lyon, France"], images)
    table["view"] = rng.choice(["PA", "AP"], images)
    table["dose"] = rng.normal(3, 1, images).round(3)
    for which, source in enumerate(SOURCES):
        folder = place / source
        folder.mkdir(parents=True, exist_ok=True)
        rows = table[patients // len(CLASSES) % len(SOURCES) == which]
        rows.to_csv(folder / "cohort.csv", index=False)
        missing = [number for number in rows.index if not (folder / f"{number}.png").is_file()]
        with ProcessPoolExecutor() as pool:
            list(pool.map(partial(draw, folder, side), missing, chunksize=100))
    path = place / "study.yaml"
    path.write_text(yaml.safe_dump(config(images, place, epochs)))
    return path


def config(images: int, place: Path, epochs: int) -> dict:
    """The study's config: everything that a study of images has, with few repetitions."""
    source = {
        "kind": "table",
        "columns": {**COLUMNS, **FIELDS, "fields": {"dose": "dose"}},
        "constants": {"modality": "X-ray"},
    }
    return {
        "study": f"images-{images}",
        "sources": {name: {**source, "path": str(place / name)} for name in SOURCES},
        "cohort": {
            "classes": {name: {"findings": [term]} for name, term in CLASSES.items()},
            "image_size": 64,
            "chunks": math.ceil(images / CHUNK),
        },
        "models": {
            "conv5": {
                "architecture": "conv5",
                "training": {"phases": [{"epochs": epochs, "learning_rate": 0.003}]},
            }
        },
        "evaluation": {"random_split": False, "leave_source_out": False},
        "embedding": {"perplexities": [30, 50]},
        "evidence": {
            "replicates": 19,
            "resamples": 10,
            "perplexities": 2,
            "nulls": ["gaussian"],
            "permutations": 199,
            "controls": ["pixels", "covered"],
            "sample": 200,
        },
        "similarity": {"folds": None, "baselines": ["pixels"]},
    }


def measure(images: int, options: argparse.Namespace) -> pd.DataFrame:
    """Run the study of so many images, or a part of it: its rules' jobs, seconds and memory.

    Seconds are those in which a job had a processor: other work on the machine counts little.
    """
    path = prepare(images, options.side, options.epochs)
    folder = ROOT / "results" / f"images-{images}"
    shutil.rmtree(folder, ignore_errors=True)
    command = [sys.executable, "-m", "snakemake", "--cores", options.cores]
    command += ["--until", options.until] if options.until else ["--forceall", "all"]
    start = time.monotonic()
    subprocess.run([*command, "--configfile", str(path)], cwd=ROOT, check=True)
    minutes = (time.monotonic() - start) / 60
    print(f"{images:,} images of {options.side} pixels, {options.cores} cores: {minutes:.1f} min")
    written = ("report.html", "images.npy", "explorer/conv5.json", "explorer/thumbnails.json")
    for file in (folder / name for name in written):
        if file.is_file():
            print(f"{file.relative_to(folder)}: {file.stat().st_size / 1e6:.1f} MB")
    rows = [row for name, row in benchmark_rows(folder.parent) if name == folder.name]
    jobs = pd.DataFrame(
        [(row["rule_name"], unhindered(row), row["max_rss"]) for row in rows],
        columns=["rule", "seconds", "memory"],
    ).groupby("rule")
    columns = {
        "jobs": jobs.size(),
        "seconds": jobs["seconds"].sum(),
        "memory": jobs["memory"].max(),
    }
    return pd.DataFrame(columns).sort_values("seconds", ascending=False)


def growth_table(measured: dict[int, pd.DataFrame]) -> str:
    """A Markdown table of the rules, and the exponent of the growth between the last two counts."""
    counts = list(measured)
    largest = measured[counts[-1]]
    titles = ["rule", "jobs"]
    titles += [f"{word} at {n:,}" for word in ("seconds", "memory, MB") for n in counts]
    lines = [[*titles, *(["growth"] if len(counts) > 1 else [])]]
    lines.append(["---"] * len(lines[0]))
    for rule in largest.index:
        row = [f"`{rule}`", f"{largest.loc[rule, 'jobs']}"]
        row += [f"{measured[n]['seconds'].get(rule, math.nan):.1f}" for n in counts]
        row += [f"{measured[n]['memory'].get(rule, math.nan):.0f}" for n in counts]
        if len(counts) > 1:
            fewer, more = (measured[n]["seconds"].get(rule, math.nan) for n in counts[-2:])
            row.append(f"{math.log(more / fewer) / math.log(counts[-1] / counts[-2]):.2f}")
        lines.append(row)
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def main() -> None:
    """Print the table of the rules."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=int, nargs="+", default=[3000, 12_000])
    parser.add_argument("--side", type=int, default=160)
    parser.add_argument("--epochs", type=int, default=1)
    parser.add_argument("--cores", default="1")
    parser.add_argument("--until", default="", help="a rule, the last that runs; all by default")
    options = parser.parse_args()
    measured = {images: measure(images, options) for images in sorted(options.images)}
    print(growth_table(measured))


if __name__ == "__main__":
    main()
