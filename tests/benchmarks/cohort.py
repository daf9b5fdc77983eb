"""Time and memory of the cleaning and the cohort of many images.

    python tests/benchmarks/cohort.py
    python tests/benchmarks/cohort.py --images 20000 --side 256 --threads 2

Noise-textured PNG images with their metadata are drawn into a temporary folder;
`clean_metadata` and `assemble_cohort` then run as the workflow runs them.
"""

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
import yaml
from PIL import Image

ROOT = Path(__file__).resolve().parents[2]
PARTS = ("Snakefile", "rules", "workflow", "config", "envs", "profiles")
CLASSES = {"COVID-19": "COVID-19", "normal": "No finding"}


def draw(folder, side, number):
    """Draw one image of random smooth shapes, so that no two are near duplicates."""
    rng = np.random.default_rng(number)
    coarse = Image.fromarray(rng.integers(20, 235, (12, 12), dtype=np.uint8))
    grey = np.asarray(coarse.resize((side, side), Image.Resampling.BICUBIC)).astype(np.int16)
    grey += rng.integers(-12, 13, grey.shape, dtype=np.int16)
    Image.fromarray(grey.clip(0, 255).astype(np.uint8)).save(folder / f"{number}.png")


def prepare(place, images, side):
    """Make a workspace with one source of so many images, two a patient."""
    for part in PARTS:
        (place / part).symlink_to(ROOT / part)
    folder = place / "source" / "images"
    folder.mkdir(parents=True)
    with ProcessPoolExecutor() as pool:
        list(pool.map(partial(draw, folder, side), range(images), chunksize=100))
    rows = ["patientid,finding,view,modality,location,date,filename"]
    for number in range(images):
        finding = list(CLASSES.values())[number // 2 % 2]
        rows.append(f'{number // 2},{finding},PA,X-ray,"Rome, Italy",2020,{number}.png')
    (place / "source" / "metadata.csv").write_text("\n".join(rows) + "\n")
    config = {
        "study": "scale",
        "sources": {"many": {"kind": "directory", "reader": "ieee8023", "path": "source"}},
        "cohort": {"classes": {name: {"findings": [term]} for name, term in CLASSES.items()}},
        "models": {"conv5": {"architecture": "conv5"}},
    }
    (place / "study.yaml").write_text(yaml.safe_dump(config))


def run(place, threads, *arguments):
    """Run the workflow and return the seconds."""
    command = [sys.executable, "-m", "snakemake", "--cores", str(threads)]
    start = time.perf_counter()
    subprocess.run(
        [*command, "--configfile", "study.yaml", *arguments],
        cwd=place,
        check=True,
        capture_output=True,
    )
    return time.perf_counter() - start


def main():
    """Print seconds and memory of each stage."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=int, default=20_000)
    parser.add_argument("--side", type=int, default=256)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        place = Path(temporary)
        prepare(place, options.images, options.side)
        downloaded = run(place, options.threads, "--until", "download")
        cleaned = run(place, options.threads, "--until", "clean_metadata")
        assembled = run(place, options.threads, "--until", "assemble_cohort")
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 2**20
    print(
        f"{options.images:,} images of {options.side} x {options.side} on {options.threads} threads"
    )
    print(f"linking and hashing   {downloaded:6.1f} s")
    print(f"cleaning              {cleaned:6.1f} s")
    print(f"cohort and pixels     {assembled:6.1f} s")
    print(f"peak memory of a job  {peak:6.2f} GB")


if __name__ == "__main__":
    main()
