"""The inspection of images beside a bare loop that decodes and resizes the same files with Pillow.

    PYTHONPATH=workflow/scripts python tests/benchmarks/inspection.py
    PYTHONPATH=workflow/scripts python tests/benchmarks/inspection.py --images 400 --side 1024

Files of four kinds are drawn into a temporary folder. Both go through each kind in turn, several
times; of each the fastest round counts, by seconds of processors (of children too), which other
work on the machine changes least. The bare loop uses as many processes as the inspection threads.
"""

import argparse
import resource
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

from cxr.core.allocation import keep_freed_memory
from cxr.core.io import new_array, write_table
from cxr.images.earlier import MADE_BY, EarlierImages, keep
from cxr.images.inspection import InspectionSettings, inspect_images

KINDS = ("grey PNG", "16-bit PNG", "grey JPEG", "colour JPEG of a grey image")


def draw(folder, side, kind, number):
    """Draw one image: smooth shapes with the noise of a detector."""
    rng = np.random.default_rng(number)
    coarse = Image.fromarray(rng.integers(20, 235, (12, 12), dtype=np.uint8))
    grey = np.asarray(coarse.resize((side, side), Image.Resampling.BICUBIC)).astype(np.int16)
    grey = (grey + rng.integers(-4, 5, grey.shape)).clip(0, 255)
    if kind == "16-bit PNG":
        Image.fromarray((grey * 16).astype(np.uint16)).save(folder / f"{number}.png")
        return f"{number}.png"
    image = Image.fromarray(grey.astype(np.uint8))
    name = f"{number}.{'png' if kind == 'grey PNG' else 'jpg'}"
    (image.convert("RGB") if "colour" in kind else image).save(folder / name, quality=90)
    return name


def bare(size, path):
    """Decode a file and resize it, and nothing else."""
    with Image.open(path) as image:
        grey = image if image.mode.startswith("I") else image.convert("L")
        return np.asarray(grey.resize((size, size), Image.Resampling.LANCZOS)).shape


def seconds():
    """Seconds of processors that this process and its finished children have used."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def timed(function):
    """Seconds of processors, and from start to end, that a function takes."""
    start, wall = seconds(), time.perf_counter()
    function()
    return seconds() - start, time.perf_counter() - wall


def loop(files, size, processes):
    """The bare loop over all files."""
    with ProcessPoolExecutor(processes) as pool:
        list(pool.map(partial(bare, size), files, chunksize=8))


def inspect(folder, rows, size, threads, earlier):
    """The inspection of all files, its outputs written as the job writes them."""
    settings = InspectionSettings(0, 1, 64, size, "crop")
    with new_array(folder / "0001.npy", (len(rows), size, size), np.uint8) as pixels:
        table = inspect_images(rows, {"s": folder}, pixels, settings, earlier, threads)
    if table["reason"].null_count < len(rows):
        raise SystemExit("not every drawn image is usable")
    write_table(table, folder / "0001.parquet", {MADE_BY: "benchmark"})
    keep([folder / "0001.parquet", folder / "0001.npy"])


def measure(options, kind):
    """A line of the table: one kind of files."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        with ProcessPoolExecutor() as pool:
            numbers = range(options.images)
            files = list(pool.map(partial(draw, folder, options.side, kind), numbers))
        rows = pd.DataFrame({"image_id": files, "source": "s", "file": files})
        size, processes = options.size, options.processes
        paths = [folder / file for file in files]
        rounds = [
            (
                timed(lambda: loop(paths, size, processes)),
                timed(lambda: inspect(folder, rows, size, processes, EarlierImages.none())),
            )
            for _ in range(options.rounds)
        ]
        kept = EarlierImages.read(folder / "0001.parquet", folder / "0001.npy", "benchmark")
        again, _ = timed(lambda: inspect(folder, rows, size, processes, kept))
        plain, ours = (min(each[i][0] for each in rounds) for i in (0, 1))
        walls = [min(each[i][1] for each in rounds) for i in (0, 1)]
    times = " | ".join(f"{1000 * t / options.images:.1f}" for t in (plain, ours, again))
    return f"| {kind} | {times} | {ours / plain:.2f} | {walls[1] / walls[0]:.2f} |"


def main():
    """Print a table: milliseconds an image, and the ratios."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=int, default=400, help="of each kind")
    parser.add_argument("--side", type=int, default=1024)
    parser.add_argument("--size", type=int, default=224)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    keep_freed_memory()  # as jobs do; the loop's processes inherit it
    print(f"{options.images} images of {options.side} pixels to {options.size}, ms each")
    print("| files | bare loop | inspection | unchanged | ratio | ratio, start to end |")
    print("| --- | --- | --- | --- | --- | --- |")
    for kind in KINDS:
        print(measure(options, kind), flush=True)


if __name__ == "__main__":
    main()
