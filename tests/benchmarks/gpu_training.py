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
import gc
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "workflow" / "scripts")]

from cxr.features.extract import extract_features  # noqa: E402
from cxr.networks import depthwise  # noqa: E402
from cxr.networks.architecture import build_network  # noqa: E402
from cxr.networks.augmentation import Augmentation  # noqa: E402
from cxr.networks.device import own_stream, set_deterministic  # noqa: E402
from cxr.training import loop  # noqa: E402
from cxr.training.checkpoint import Checkpoint, CheckpointWriter  # noqa: E402
from cxr.training.dataset import TrainingData  # noqa: E402
from cxr.training.learner import Learner  # noqa: E402
from cxr.training.recipe import Phase, Recipe  # noqa: E402

# Architecture, side of the images, images of a batch, images of an epoch.
CASES = (
    ("mobilenet_v2", 128, 32, 4096),
    ("mobilenet_v2", 128, 256, 8192),
    ("resnet50", 224, 64, 2048),
    ("densenet121", 224, 64, 1024),
)
TINY = (("mobilenet_v2", 32, 8, 24),)
EPOCHS = 4
AUGMENTATION = Augmentation(7.0, 0.05, 0.08, 0.15, 0.15, noise=0.0, erasing=0.0, flip=False)
EVERYTHING = Augmentation(7.0, 0.05, 0.08, 0.15, 0.15, noise=0.05, erasing=0.5, flip=True)
SETTINGS = {
    "frozen": False,
    "learning_rate": 1e-3,
    "schedule": "one-cycle",
    "weight_decay": 0.01,
    "label_smoothing": 0.0,
    "mixup": 0.0,
    "averaging": 0.0,
    "class_weights": True,
    "patience": None,
    "keep": "last",
}


def card():
    """The GPU, or the processors where there is none."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def synthetic(n, side):
    """Grey images whose brighter half is their class."""
    rng = np.random.default_rng(0)
    images = rng.integers(0, 130, (n, side, side), dtype=np.uint8)
    labels = np.arange(n) % 2
    images[labels == 0, : side // 2] += 90
    images[labels == 1, side // 2 :] += 90
    return images, labels


def phase_of(side, batch, **changes):
    """A phase of the default settings but for some."""
    return Phase(**(SETTINGS | {"epochs": 20, "image_size": side, "batch_size": batch} | changes))


def learner_of(architecture, phase, images, labels, graphs=True, augmentation=AUGMENTATION):
    """A learner of the workflow that is about to begin."""
    network = build_network(architecture, 2, 64, 0.2, seed=0)
    network.to(card(), memory_format=torch.channels_last)
    targets = F.one_hot(torch.from_numpy(labels), 2).float()
    split = (torch.from_numpy(images[:, None]), targets)
    some = (split[0][:64], split[1][:64])
    recipe = Recipe((phase,), augmentation, "auto", compile=False)
    learner = Learner(network, recipe, phase, split, some, card(), graphs=graphs)
    learner.begin(None)
    return learner


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


def wait():
    if card().type == "cuda":
        torch.cuda.synchronize()


def free():
    gc.collect()
    if card().type == "cuda":
        torch.cuda.empty_cache()


def say(text):
    print(text, file=sys.stderr, flush=True)


def losses(graphs, steps=20):
    """The losses of the first steps of a training with everything that augmentation has."""
    set_deterministic(True, card())
    torch.manual_seed(0)
    with own_stream(card()):
        phase = phase_of(64, 32, mixup=0.4, averaging=0.9, label_smoothing=0.1)
        data = synthetic(32 * steps, 64)
        learner = learner_of("mobilenet_v2", phase, *data, graphs, EVERYTHING)
        learner.set_training()
        values = []
        for batch in torch.arange(32 * steps, device=learner.train.place).split(32):
            values.append(learner.step(batch)[0].clone())
            learner.schedule.after_step()
            learner.average.update_parameters(learner.network)
        recorded = learner.graph is not None and learner.graph.graph is not None
        return torch.stack(values).tolist(), recorded


class Stop(Exception):
    """Stands for the kill of a training."""


def trained(architecture, checkpoint=None, stop_after=None):
    """The bytes of a short training's weights; None where it was stopped."""
    images, labels = synthetic(300, 64)
    data = TrainingData(images, labels, np.repeat(["train", "validation"], [230, 70]))
    phases = (
        phase_of(64, 16, epochs=2, frozen=True),
        phase_of(64, 16, epochs=3, mixup=0.3, averaging=0.9, schedule="cosine"),
        phase_of(48, 16, epochs=2, schedule="plateau", keep="best"),
    )
    network = build_network(architecture, 2, 64, 0.2, seed=0)
    written, put = 0, CheckpointWriter.put

    def put_and_stop(writer, state):
        nonlocal written
        put(writer, state)
        written += 1
        if written == stop_after:
            raise Stop

    loop.CheckpointWriter.put = put_and_stop
    try:
        loop.train(network, data, Recipe(phases, EVERYTHING, "auto", compile=False), 0, checkpoint)
    except Stop:
        return None
    finally:
        loop.CheckpointWriter.put = put
    return b"".join(t.contiguous().numpy().tobytes() for t in network.state_dict().values())


def training_checks(quick=False):
    """Facts about the training on this machine: (fact, whether it holds, detail)."""
    (graph, recorded), (eager, _) = losses(True), losses(False)
    apart = max(abs(a - b) / abs(b) for a, b in zip(graph, eager, strict=True))
    if card().type == "cuda":
        yield "the step is recorded as a CUDA graph", recorded, ""
    equal = "equal" if graph == eager else f"relative difference {apart:.1e}"
    yield "20 losses of the graph are those of single launches", apart < 1e-3, equal
    for architecture in ("mobilenet_v2",) if quick else ("mobilenet_v2", "resnet18", "densenet121"):
        first, second = trained(architecture), trained(architecture)
        yield (
            f"{architecture}: two deterministic trainings end in the same bytes",
            (first == second),
            "",
        )
        with tempfile.TemporaryDirectory() as folder:
            checkpoint = Checkpoint(Path(folder) / "checkpoint.pt", "a training")
            stopped = trained(architecture, checkpoint, stop_after=4)
            resumed = trained(architecture, checkpoint)
        yield (
            f"{architecture}: so does an interrupted one",
            (stopped is None and resumed == first),
            "",
        )


def print_checks(quick=False):
    """Prints the checks; whether all hold."""
    results = []
    for fact, holds, detail in training_checks(quick):
        say(f"{'ok' if holds else 'FAILED'}: {fact}{f' ({detail})' * bool(detail)}")
        results.append(holds)
    return all(results)


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
