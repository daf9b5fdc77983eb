"""Processor time and memory of what reads all pixels of a cohort, each step in its own process.

    python tests/benchmarks/pixels.py
    python tests/benchmarks/pixels.py --images 4000 16000 --side 192 --memory-mb 2000

Noise is drawn into an array as `images.npy`; networks see it at 48 pixels. What a process held
before the step, with torch loaded, is taken off.
"""

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "workflow" / "scripts")]

from cxr.core.io import new_array, read_array  # noqa: E402

INPUT = 48  # pixels, the side of the networks' input
CLASSES = ("a", "b", "c", "d")


def intensity(network, images, lungs, split, memory_mb):
    """The mean grey value of each image."""
    from cxr.evidence.covariates import mean_intensity

    mean_intensity(pd.DataFrame({"image_id": np.arange(len(images))}), images)


def features(network, images, lungs, split, memory_mb):
    """The features of each image."""
    from cxr.features.extract import extract_features

    extract_features(network, images, INPUT)


def covered(network, images, lungs, split, memory_mb):
    """Its features with the lungs covered."""
    from cxr.evidence.controls import Trained, control_features

    control_features("covered", images, {"image_size": INPUT}, 0, "cpu", Trained(network, lungs))


def explain(network, images, lungs, split, memory_mb):
    """Grad-CAM of the test images."""
    from cxr.evaluation.gradcam import explain_predictions

    ids = [f"i{number}" for number in range(len(images))]
    table = pd.DataFrame({"image_id": ids, "class": "a", "split": split, "predicted": "a"})
    table[[f"probability_{name}" for name in CLASSES]] = 1 / len(CLASSES)
    explain_predictions(network, INPUT, table, images, lungs, CLASSES, 3)


def train(network, images, lungs, split, memory_mb):
    """One epoch of a training."""
    from tests.helpers.learning import recipe

    from cxr.training.dataset import TrainingData
    from cxr.training.loop import train as fit

    data = TrainingData(images, np.arange(len(images)) % len(CLASSES), split)
    data.digest()
    fit(network, data, replace(recipe({"image_size": INPUT, "epochs": 1}), memory_mb=memory_mb), 1)


STEPS = {step.__name__: step for step in (intensity, features, covered, explain, train)}


def run(name: str, folder: Path, memory_mb: int) -> None:
    """Run one step in this process and print a row of the table."""
    import torch

    from cxr.networks.architecture import build_network

    torch.set_num_threads(1)
    images, lungs = (read_array(folder / f"{name}.npy") for name in ("images", "lungs"))
    network = build_network("conv5", len(CLASSES), 64, 0.2, seed=1)
    shares = [0.65, 0.15, 0.2]
    split = np.random.default_rng(0).choice(["train", "validation", "test"], len(images), p=shares)
    begun, held = time.process_time(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    STEPS[name](network, images, lungs, split, memory_mb)
    seconds = time.process_time() - begun
    megabytes = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - held) / 1024
    print(f"| `{name}` | {len(images):,} | {seconds:.1f} | {megabytes:.0f} |", flush=True)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=int, nargs="+", default=[4000, 16_000])
    parser.add_argument("--side", type=int, default=192)
    parser.add_argument("--memory-mb", type=int, default=2000)
    parser.add_argument("--step", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.step:
        run(options.step[0], Path(options.step[1]), options.memory_mb)
        return
    print("| step | images | processor seconds | memory, MB |\n| --- | --- | --- | --- |")
    for count in options.images:
        with tempfile.TemporaryDirectory() as place:
            shape = (count, options.side, options.side)
            rng = np.random.default_rng(0)
            with new_array(Path(place) / "images.npy", shape, np.uint8) as images:
                for image in images:
                    image[:] = rng.integers(0, 255, image.shape, dtype=np.uint8)
            with new_array(Path(place) / "lungs.npy", shape, np.bool_) as lungs:
                lungs[:, options.side // 4 : -options.side // 4] = True
            for step in STEPS:
                command = [sys.executable, __file__, "--memory-mb", str(options.memory_mb)]
                subprocess.run([*command, "--step", step, place], check=True)


if __name__ == "__main__":
    main()
