"""Whether trainings on a GPU repeat themselves, with graphs and after a stop."""

import sys
import tempfile
from pathlib import Path

import numpy as np
import torch

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "workflow" / "scripts")]

from tests.benchmarks.gpu_learners import (  # noqa: E402
    EVERYTHING,
    card,
    learner_of,
    phase_of,
    say,
    synthetic,
)

from cxr.networks.architecture import build_network  # noqa: E402
from cxr.networks.device import own_stream, set_deterministic  # noqa: E402
from cxr.training import loop  # noqa: E402
from cxr.training.checkpoint import Checkpoint, CheckpointWriter  # noqa: E402
from cxr.training.dataset import TrainingData  # noqa: E402
from cxr.training.recipe import Recipe  # noqa: E402


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
