"""Times training and features on a GPU beside plain loops over images that lie on the card.

The training of `gpu.py`, which prints one table of all that a GPU does. By itself it says more:

    python tests/benchmarks/gpu_training.py            # checks, rates, and what graphs are worth
    python tests/benchmarks/gpu_training.py --quick    # fewer images
    python tests/benchmarks/gpu_training.py --checks   # checks alone
    python tests/benchmarks/gpu_training.py --share 4  # trainings side by side on the card
    python tests/benchmarks/gpu_training.py --profile  # the kernels that take longest

Synthetic images, two classes, random weights. The workflow trains with the augmentation that is
the config's default; the plain loop has float images on the card, bfloat16, channels-last, AdamW
and no augmentation. A rate is the median over the epochs after the first. Without a GPU
`--checks` runs on the processors.
"""

import argparse
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "workflow" / "scripts")]

from tests.benchmarks.gpu_checks import print_checks  # noqa: E402
from tests.benchmarks.gpu_learners import (  # noqa: E402
    card,
    free,
    learner_of,
    phase_of,
    say,
    synthetic,
    wait,
)

from cxr.features.extract import extract_features  # noqa: E402
from cxr.networks import depthwise  # noqa: E402
from cxr.networks.architecture import build_network  # noqa: E402
from cxr.networks.device import own_stream, set_deterministic  # noqa: E402

# Architecture, side of the images, images of a batch, images of an epoch.
CASES = (
    ("mobilenet_v2", 128, 32, 4096),
    ("mobilenet_v2", 128, 256, 8192),
    ("resnet50", 224, 64, 2048),
    ("densenet121", 224, 64, 1024),
)
TINY = (("mobilenet_v2", 32, 8, 24),)
EPOCHS = 4


def ours(case, n, deterministic, graphs=True, epochs=EPOCHS):
    """Images a second of the workflow's training."""
    architecture, side, batch, _ = case
    set_deterministic(deterministic, card())
    torch.manual_seed(0)
    rng, times = np.random.default_rng(0), []
    with own_stream(card()):
        learner = learner_of(architecture, phase_of(side, batch), *synthetic(n, side), graphs)
        for _ in range(epochs):
            start = time.perf_counter()
            learner.epoch(rng)  # returns numbers, so that the card has finished
            times.append(time.perf_counter() - start)
        if graphs and card().type == "cuda" and learner.graph.graph is None:
            say("  the step was not recorded as a CUDA graph")
    del learner
    free()
    return n / statistics.median(times[1:])


def plain(case, n, epochs=EPOCHS):
    """Images a second of a plain loop, with torch's default settings."""
    architecture, side, batch, _ = case
    set_deterministic(False, card())
    torch.backends.cudnn.benchmark = False
    torch.set_float32_matmul_precision("highest")
    torch.manual_seed(0)
    images, labels = synthetic(n, side)
    pixels = torch.from_numpy(images[:, None]).to(card()).float().div_(255)
    targets = torch.from_numpy(labels).to(card())
    network = build_network(architecture, 2, 64, 0.2, seed=0)
    network.to(card(), memory_format=torch.channels_last).train()
    optimizer = torch.optim.AdamW(network.parameters(), 1e-3)
    times = []
    for _ in range(epochs):
        wait()
        start = time.perf_counter()
        for index in torch.randperm(n, device=card()).split(batch):
            optimizer.zero_grad()
            with torch.autocast(card().type, torch.bfloat16):
                loss = F.cross_entropy(network(pixels[index]), targets[index])
            loss.backward()
            optimizer.step()
        wait()
        times.append(time.perf_counter() - start)
    del pixels, network, optimizer
    free()
    return n / statistics.median(times[1:])


def features(n, side, loop_of_old):
    """Images a second of features by mobilenet_v2; of the workflow, or batch by batch of 64."""
    set_deterministic(False, card())
    torch.backends.cudnn.benchmark = False
    torch.set_float32_matmul_precision("highest")
    images, _ = synthetic(n, side)
    network = build_network("mobilenet_v2", 2, 64, 0.0, seed=0).eval()
    times = []
    for _ in range(3):
        start = time.perf_counter()
        if loop_of_old:
            network.to(card())
            with torch.inference_mode():
                for first in range(0, n, 64):
                    batch = torch.from_numpy(images[first : first + 64, None]).to(card())
                    units = network.features(batch.float().div_(255))
                    units.cpu(), network.class_logits(units).softmax(1).cpu()
        else:
            extract_features(network, images, None)
        times.append(time.perf_counter() - start)
    free()
    return n / statistics.median(times[1:])


def table_rows(work):
    """Rates after the checks, for the table of gpu.py: yields (work, ours, peer, ratio).

    Parameters
    ----------
    work : str
        "whole"; "quick", a quarter of the images; or "tiny", for processors, without the checks.
    """
    tiny = work == "tiny"
    if not tiny and not print_checks(work == "quick"):
        sys.exit("error: training on this card is not right")
    for case in TINY if tiny else CASES:
        architecture, side, batch, n = case
        n = max(n // 4, 4 * batch) if work == "quick" else n
        name = f"training {architecture}, {side} pixels, batches of {batch}"
        say(f"{name} ...")
        peers = {"plain loop": plain(case, n)}
        try:
            peers |= fastai_rate(case, n)
        except (AttributeError, RuntimeError, TypeError, ValueError) as error:
            say(f"fastai failed, and has no row: {error}")  # another version's
        for deterministic in (True, False):
            rate = ours(case, n, deterministic)
            words = "" if deterministic else ", `deterministic: false`"
            for peer, other in peers.items():
                yield row(f"{name}{words}", rate, peer, other)
    n, side = {"whole": (16384, 128), "quick": (2048, 128), "tiny": (16, 32)}[work]
    say("features ...")
    own, old = features(n, side, loop_of_old=False), features(n, side, loop_of_old=True)
    yield row(f"features by mobilenet_v2, {side} pixels", own, "batch by batch of 64", old)


def row(work, rate, peer, other):
    """A row of the table from images a second."""
    return work, f"{rate:,.0f} images/s", f"{peer}: {other:,.0f} images/s", rate / other


def details():
    """What parts of the training are worth: yields rows as `table_rows`."""
    case, n = CASES[0], 1024
    work = "training mobilenet_v2, 128 pixels, batches of 32"
    say(f"{work}: graph and kernels ...")
    graph = ours(case, n, deterministic=True)
    launches = ours(case, n, deterministic=True, graphs=False, epochs=3)
    yield row(f"{work}, a CUDA graph", graph, "single launches", launches)
    with_cudnn = _with_cudnn(lambda: ours(case, n // 2, deterministic=True, epochs=3))
    yield row(f"{work}, torch's depthwise kernels", graph, "cuDNN's", with_cudnn)


def fastai_rate(case, n, epochs=EPOCHS):
    """Images a second of fastai's learner on the same network, where fastai is installed."""
    try:
        from fastai.vision.all import Adam, Callback, CrossEntropyLossFlat, DataLoaders, Learner
    except ImportError:
        return {}
    architecture, side, batch, _ = case
    images, labels = synthetic(n, side)
    pixels = torch.from_numpy(images[:, None]).float().div_(255)
    items = list(zip(pixels, torch.from_numpy(labels), strict=True))
    loaders = DataLoaders.from_dsets(
        items, items[:batch], bs=batch, device=card(), num_workers=min(8, os.cpu_count())
    )
    times = []

    class Clock(Callback):
        def before_train(self):
            wait()
            times.append(time.perf_counter())

        def after_train(self):
            wait()
            times[-1] = time.perf_counter() - times[-1]

    network = build_network(architecture, 2, 64, 0.2, seed=0)
    learner = Learner(loaders, network, CrossEntropyLossFlat(), Adam, cbs=Clock())
    if card().type == "cuda":
        learner.to_bf16()
    with learner.no_bar(), learner.no_logging():
        learner.fit(epochs, 1e-3)
    trained = n // batch * batch  # fastai leaves out a last batch that is not full
    del learner, loaders
    free()
    return {"fastai": trained / statistics.median(times[1:])}


def _with_cudnn(compute):
    """What `compute` returns where depthwise convolutions are left to cuDNN."""
    before = depthwise.repeats_itself
    depthwise.repeats_itself = lambda: False
    try:
        return compute()
    finally:
        depthwise.repeats_itself = before


def print_share(count):
    """The rates of trainings side by side on the card, and of one alone."""
    alone = _side_by_side(1)[0]
    together = _side_by_side(count)
    print(f"one training: {alone:.0f} images/s")
    each = ", ".join(f"{rate:.0f}" for rate in together)
    print(f"{count} side by side: {each}; sum {sum(together) / alone:.2f} times one")


def _side_by_side(count):
    command = [sys.executable, __file__, "--one"]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(count)]
    return [float(process.communicate()[0].split()[-1]) for process in running]


def print_profile():
    """The kernels that take longest in 20 steps of mobilenet_v2, both ways."""
    from torch.profiler import ProfilerActivity, profile

    _, side, batch, _ = case = CASES[0]
    for deterministic in (True, False):
        set_deterministic(deterministic, card())
        with own_stream(card()):
            data = synthetic(20 * batch, side)
            learner = learner_of(case[0], phase_of(side, batch), *data)
            rng = np.random.default_rng(0)
            learner.epoch(rng)
            with profile(activities=[ProfilerActivity.CPU, ProfilerActivity.CUDA]) as seen:
                learner.epoch(rng)
        print(f"deterministic: {deterministic}")
        print(seen.key_averages().table(sort_by="cuda_time_total", row_limit=15))


def main():
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="fewer images")
    parser.add_argument("--checks", action="store_true", help="checks alone")
    parser.add_argument("--share", type=int, metavar="N", help="N trainings side by side")
    parser.add_argument("--profile", action="store_true", help="the kernels that take longest")
    parser.add_argument("--one", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.checks:
        sys.exit(0 if print_checks(options.quick) else 1)
    if card().type != "cuda":
        sys.exit("error: no GPU; --checks runs without one")
    if options.one:
        print(ours(CASES[0], CASES[0][3], deterministic=True, epochs=8))
    elif options.share:
        print_share(options.share)
    elif options.profile:
        print_profile()
    else:
        print(f"{torch.cuda.get_device_name()}, torch {torch.__version__}\n")
        print("| work | this workflow | beside | ratio |\n| --- | --- | --- | --- |")
        for found in (table_rows("quick" if options.quick else "whole"), details()):
            for work, own, peer, ratio in found:
                print(f"| {work} | {own} | {peer} | {ratio:.2f} |", flush=True)


if __name__ == "__main__":
    main()
