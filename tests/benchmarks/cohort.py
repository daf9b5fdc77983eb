"""Time and memory of the cleaning and the cohort of many images.

    python tests/benchmarks/cohort.py
    python tests/benchmarks/cohort.py --images 20000 --side 256 --threads 2
    python tests/benchmarks/cohort.py --rows 400000

Noise-textured PNG images with their metadata are drawn into a temporary folder;
all stages to the cohort then run as the workflow runs them. With `--rows` no image is drawn: the
operations on a table of so many rows are timed one by one in one process, and near pairs are
searched among so many drawn hashes, independent ones and ones around centres.
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
import pandas as pd
import yaml
from PIL import Image

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "workflow" / "scripts")]
PARTS = ("Snakefile", "rules", "workflow", "config", "envs", "profiles")
CLASSES = {"COVID-19": "COVID-19", "normal": "No finding"}
FINDINGS = ("No finding", "Atelectasis", "Effusion", "Pneumonia", "Mass", "Nodule", "Edema")
SHARES = {"validation": 0.15, "test": 0.2}


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


def draw_table(rows):
    """The text of a table of so many images, four a patient, one or two findings an image."""
    rng = np.random.default_rng(0)
    patients = rng.integers(0, rows // 4, rows)
    first, second = rng.choice(FINDINGS, (2, rows))
    several = (rng.random(rows) < 0.2) & (first != second) & (first != FINDINGS[0])
    days = pd.Timestamp("2012-01-01") + pd.to_timedelta(rng.integers(0, 3000, rows), unit="D")
    columns = {
        "file": [f"p{p % 100:02d}/{k:07d}.png" for k, p in enumerate(patients)],
        "patient_id": [f"P{p:06d}" for p in patients],
        "finding": np.where(several, np.strings.add(np.strings.add(first, "|"), second), first),
        "view": rng.choice(["PA", "AP", "lateral"], rows),
        "sex": np.array(["M", "F"])[patients % 2],
        "age_years": rng.integers(1, 95, rows).astype(str),
        "date": days.strftime("%Y-%m-%d"),
        "location": rng.choice(["Rome, Italy", "Madrid, Spain", ""], rows),
        "dose": rng.normal(3, 1, rows).round(3).astype(str),
    }
    return pd.DataFrame(columns)


def timed(name, function):
    """Call a function and print its seconds and the largest memory so far."""
    start = time.perf_counter()
    result = function()
    seconds = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(f"| {name} | {seconds:.1f} | {peak:.2f} |", flush=True)
    return result


def clean(rows, place):
    """Metadata as of `clean_metadata` from a table of text; a hundredth of the files are copies."""
    from cxr.metadata.fields import type_fields
    from cxr.metadata.schema import SCHEMA, Reading, combine
    from cxr.sources.filling import with_tags
    from cxr.sources.rows import build_reading
    from cxr.sources.tables import read_table

    path = place / "table.csv"
    draw_table(rows).to_csv(path, index=False)
    raw = timed("reading the table", lambda: read_table(path)).rows
    raw = raw.assign(country=raw["location"], modality="X-ray")
    raw = timed("tags", lambda: with_tags(raw, place, "many", (), "columns.patient_id"))
    reading = timed("cleaning", lambda: build_reading(raw, "many", [], ""))
    rng = np.random.default_rng(1)
    copies = rng.random(rows) < 0.01
    numbers = np.where(copies, rng.integers(0, rows, rows), np.arange(rows))
    measured = {"width": 1024, "height": 1024, "format": "png"}
    measured["sha256"] = [f"{number:064x}" for number in numbers]
    reading = Reading.of(reading.rows.assign(**measured).astype(SCHEMA), reading.rejected)
    return timed("combining sources, own fields", lambda: type_fields(combine([reading])))


def operate(rows):
    """Print the seconds of each operation on a table of so many rows."""
    from cxr.cohort import flow, protocols, selection, splits, tags
    from cxr.planning.parts import ProtocolSettings

    print("| operation | seconds | peak memory so far, GB |\n| --- | --- | --- |")
    with tempfile.TemporaryDirectory() as temporary:
        reading = clean(rows, Path(temporary))
    rules = {
        name: selection.ClassRule((name,), without=tuple(set(FINDINGS) - {name}))
        for name in FINDINGS
    }
    for per_class, match in (("all", None), ("min", None), ("min", ("age_band", "sex", "view"))):
        settings = selection.SelectionSettings(rules, None, "X-ray", per_class, match=match)
        chosen, steps = timed(
            f"selection, `{per_class}`{' and matched' if match else ''}",
            lambda settings=settings: selection.select_images(
                reading.rows, reading.rejected, settings, (), 0
            ),
        )
    pairs = np.random.default_rng(2).integers(0, len(chosen), (len(chosen) // 50, 2))
    timed("contradictions", lambda: selection.contradictions(chosen, np.sort(pairs)))
    patients = timed("patients", lambda: splits.link_patients(reading.rows))
    shares = splits.SplitShares(**SHARES)
    cohort = timed(
        "splits, near-duplicate groups",
        lambda: splits.assign_splits(chosen, np.sort(pairs), patients, shares, 0),
    )
    study = ProtocolSettings(folds=5, repeats=2, random_split=True)
    divided = protocols.DivisionSettings(study, shares, ("many",), 0)
    timed("two times five folds, and by image", lambda: protocols.divide_protocols(cohort, divided))
    fields = tags.TagSettings(("sex", "country", "view"), 10)
    cohort["tags"], _ = timed("tags of labels", lambda: tags.assign_tags(chosen, fields))
    timed("labels", lambda: tags.label_table(cohort, FINDINGS))
    timed("flow", lambda: (steps.exclusions(), flow.flow_document(steps, cohort)))
    print(f"{len(reading.rows):,} rows, {len(cohort):,} in the cohort")


def draw_hashes(count, centres):
    """Hashes of 64 bits, or such centres with 13 bits flipped on average; a hundredth are copies.

    Copies have at most six other bits.
    """
    rng = np.random.default_rng(centres)
    hashes = rng.integers(0, 2**64, count, dtype=np.uint64)
    if centres:
        flipped = np.packbits(rng.random((count, 64)) < 0.2, axis=1).view(np.uint64)[:, 0]
        hashes = hashes[rng.integers(0, centres, count)] ^ flipped
    copies = rng.choice(count, count // 100, replace=False)
    for copy in copies:
        bits = rng.integers(0, 64, 6).astype(np.uint64)
        hashes[copy] = hashes[rng.integers(count)] ^ np.bitwise_or.reduce(np.uint64(1) << bits)
    return hashes


def search_hashes(count):
    """Print the seconds of a search for near pairs, of 20,000 hashes beside all comparisons."""
    from cxr.images.hamming import near_pairs

    near_pairs(draw_hashes(2000, 0), 8)
    for centres in (0, 100):
        few = draw_hashes(20_000, centres)
        rows = [np.bitwise_count(few[k + 1 :] ^ few[k]) <= 8 for k in range(len(few))]
        every = [(k, k + 1 + j) for k, near in enumerate(rows) for j in np.flatnonzero(near)]
        same = near_pairs(few, 8).tolist() == [list(map(int, pair)) for pair in every]
        kind = f"{centres} centres" if centres else "independent"
        print(f"20,000 hashes, {kind}: {len(every)} pairs, as by all comparisons: {same}")
        hashes = draw_hashes(count, centres)
        pairs = timed(
            f"near pairs of {count:,} hashes, {kind}", lambda hashes=hashes: near_pairs(hashes, 8)
        )
        print(f"{len(pairs):,} pairs")


def main():
    """Print seconds and memory of each stage."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=int, default=20_000)
    parser.add_argument("--side", type=int, default=256)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rows", type=int, help="time operations on a table of so many rows")
    options = parser.parse_args()
    if options.rows:
        operate(options.rows)
        search_hashes(options.rows)
        return
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
