"""What preparing images costs beside a network's bare forward pass, in time of the processor.

PYTHONPATH=workflow/scripts python tests/benchmarks/encoders.py --images FOLDER [--count 1000]

The networks have random weights, which take the time of trained ones, and the images are decoded
from their files. Both passes have the same batches and one thread of torch, and take turns, so
that other work on the machine meets both alike.
"""

import argparse
import itertools
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import timm
import torch
import torchxrayvision

from cxr.features.encoders.encode import encode_files
from cxr.features.encoders.load import load_encoder
from cxr.features.encoders.loaded import LoadedEncoder
from cxr.images.formats import IMAGE_SUFFIXES

BATCH = 32
NETWORKS = ("vit_small_patch16_224", "vit_base_patch16_224", "densenet121")


def encoder_of(name: str, folder: Path) -> LoadedEncoder:
    """An encoder of 224 pixels with random weights, through its files."""
    torch.manual_seed(0)
    settings = {"model": None, "pooling": None}
    if name == "densenet121":
        torch.save(torchxrayvision.models.DenseNet(num_classes=18), folder / "densenet.pt")
        return load_encoder({**settings, "library": "torchxrayvision"}, folder)
    network = timm.create_model(name, pretrained=False)
    timm.models.save_for_hf(network, folder, safe_serialization=True)
    return load_encoder({**settings, "library": "timm"}, folder)


def timed(function: Callable[[], object]) -> tuple[float, float]:
    """Seconds by the clock and of the processor."""
    clock, processor = time.perf_counter(), time.process_time()
    function()
    return time.perf_counter() - clock, time.process_time() - processor


def bare(encoder: LoadedEncoder, batch: torch.Tensor) -> None:
    with torch.inference_mode():
        encoder.forward(batch)


def compare(name: str, paths: list[Path]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        encoder = encoder_of(name, Path(folder))
    cpu = torch.device("cpu")
    totals = np.zeros((2, 2))
    bare(encoder, torch.zeros((BATCH, *encoder.input_shape)))
    for start in range(0, len(paths), BATCH):
        files = paths[start : start + BATCH]
        batch = torch.from_numpy(np.stack([encoder.preprocess(path) for path in files]))
        totals[0] += timed(lambda batch=batch: bare(encoder, batch))
        totals[1] += timed(
            lambda files=files: encode_files(
                encoder, files, batch_size=BATCH, device=cpu, threads=1
            )
        )
    (clock, processor), (whole_clock, whole_processor) = totals
    print(
        f"{name}: forward {len(paths) / processor:.1f} images a second of the processor, whole "
        f"{len(paths) / whole_processor:.1f}; ratio {whole_processor / processor:.3f} (by the "
        f"clock {whole_clock / clock:.3f})",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--images", type=Path, required=True)
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--networks", nargs="+", default=NETWORKS)
    options = parser.parse_args()
    torch.set_num_threads(1)
    files = [p for p in sorted(options.images.rglob("*")) if p.suffix.casefold() in IMAGE_SUFFIXES]
    paths = list(itertools.islice(itertools.cycle(files), options.count))
    for name in options.networks:
        compare(name, paths)


if __name__ == "__main__":
    main()
