"""What a training does on a card, as far as it shows on a CPU."""

import itertools
import threading
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn
from torchvision.transforms import v2

from cxr.networks.architecture import build_network
from cxr.networks.augmentation import MixUp
from cxr.training.average import CardAverage, make_average
from cxr.training.batches import batches
from cxr.training.checkpoint import Checkpoint, CheckpointWriter, copied_state
from cxr.training.graph import WARM_UP, StepGraph
from cxr.training.learner import Learner
from cxr.training.loop import train
from cxr.training.store import Store
from tests.helpers.learning import AUGMENTATION, data, equal, recipe, state

CPU = torch.device("cpu")


def network():
    return build_network("conv5", 2, 8, 0.2, seed=1)


class Eager(StepGraph):
    """A graph whose recording is the computation itself."""

    recorded = 0

    def _record(self, images, targets):
        self.images, self.targets = images.clone(), targets.clone()
        self.gradients = [torch.zeros_like(p) for p in self.parameters]
        self.graph = "recorded"
        type(self).recorded += 1
        return True

    def _replay(self):
        self.outputs = self.compute(self.images, self.targets)
        for kept, parameter in zip(self.gradients, self.parameters, strict=True):
            kept.copy_(parameter.grad)


def learner_of(task, **changes):
    made = recipe(changes, augmentation=AUGMENTATION)
    sets = task.part("train", 2), task.part("validation", 2)
    learner = Learner(network(), made, made.phases[0], *sets, CPU)
    learner.begin(None)
    return learner


def weights_after(task, graph, **changes):
    torch.manual_seed(0)
    learner, rng = learner_of(task, **changes), np.random.default_rng(0)
    if graph:
        parameters = list(learner.network.parameters())
        learner.graph = Eager(learner._pass, parameters, learner.phase.batch_size)
    losses = [learner.epoch(rng) for _ in range(4)]
    return state(learner.network), losses


@pytest.mark.parametrize("changes", [{"batch_size": 6}, {"batch_size": 6, "mixup": 0.3}])
def test_recorded_steps_end_in_the_weights_of_computed_ones(rng, changes):
    """Three batches of six and one of two: full ones are recorded, the last is computed."""
    task = data(rng)
    Eager.recorded = 0
    recorded, losses = weights_after(task, True, **changes)
    computed, expected = weights_after(task, False, **changes)
    assert Eager.recorded == 1
    assert losses == expected
    assert equal(recorded, computed)


def test_a_step_is_recorded_after_the_first_ones_and_only_whole_batches_are():
    layer = torch.nn.Linear(2, 1)

    def compute(images, targets):
        layer.zero_grad()
        loss = (layer(images) - targets).square().mean()
        loss.backward()
        return loss.detach(), targets.sum()

    graph = Eager(compute, list(layer.parameters()), batch_size=4)
    batch = torch.ones(4, 2), torch.zeros(4, 1)
    assert [graph.step(*batch) for _ in range(WARM_UP)] == [None] * WARM_UP
    assert graph.step(torch.ones(3, 2), torch.zeros(3, 1)) is None
    loss, _ = graph.step(*batch)
    compute(*batch)
    assert loss == (layer(batch[0])).square().mean()
    layer.weight.grad = None  # as another step leaves it
    graph.step(*batch)
    assert all(p.grad is g for p, g in zip(graph.parameters, graph.gradients, strict=True))


def test_a_step_that_cant_be_recorded_is_said_once_and_computed(monkeypatch, caplog):
    restored = []

    class Generator:
        def clone_state(self):
            return "before"

        def graphsafe_set_state(self, state):
            restored.append(state)

    class Broken:
        def __init__(self, *_, **__):
            pass

        def __enter__(self):
            raise RuntimeError("CUDA error: operation not permitted\nmore")

        def __exit__(self, *_):
            pass

    monkeypatch.setattr(torch.cuda, "default_generators", [Generator()], raising=False)
    monkeypatch.setattr(torch.cuda, "current_device", lambda: 0)
    monkeypatch.setattr(torch.cuda, "current_stream", lambda: None)
    monkeypatch.setattr(torch.cuda, "CUDAGraph", lambda: None)
    monkeypatch.setattr(torch.cuda, "graph", Broken)
    graph = StepGraph(lambda *_: None, [], batch_size=1)
    batch = torch.ones(1, 2), torch.zeros(1, 1)
    assert [graph.step(*batch) for _ in range(WARM_UP + 3)] == [None] * (WARM_UP + 3)
    assert restored == ["before"]
    assert caplog.text.count("no CUDA graph of the step") == 1
    assert "operation not permitted" in caplog.text
    assert "more" not in caplog.text


def test_small_parts_of_a_batch_are_never_recorded(rng):
    learner = learner_of(data(rng), batch_size=10)
    learner.graph = Eager(learner._pass, list(learner.network.parameters()), 10)
    learner.micro_batch = 5
    for _ in range(WARM_UP + 2):
        learner.step(torch.arange(10))
    assert learner.graph.seen == 0


def test_an_average_on_a_card_is_torchs():
    task, decay = network(), 0.75
    ours, theirs = (
        CardAverage(task, multi_avg_fn=get_ema_multi_avg_fn(decay), use_buffers=True),
        AveragedModel(task, multi_avg_fn=get_ema_multi_avg_fn(decay), use_buffers=True),
    )
    for _ in range(3):
        with torch.no_grad():
            for tensor in itertools.chain(task.parameters(), task.buffers()):
                tensor.add_(1)
        ours.update_parameters(task)
        theirs.update_parameters(task)
    for (name, mine), (_, other) in zip(
        ours.state_dict().items(), theirs.state_dict().items(), strict=True
    ):
        if mine.is_floating_point() or name == "n_averaged":
            torch.testing.assert_close(mine, other)
    counts = {name: t for name, t in task.state_dict().items() if not t.is_floating_point()}
    assert counts
    assert all(ours.module.state_dict()[name] == count for name, count in counts.items())
    assert type(make_average(task, decay, CPU)) is AveragedModel


def test_mixtures_are_those_of_torchvision():
    images, targets = torch.rand(5, 1, 4, 4), torch.eye(5)
    torch.manual_seed(3)
    expected = v2.MixUp(alpha=0.4)(images, targets)
    torch.manual_seed(3)
    mixup = MixUp(0.4)
    share = mixup.draw()
    for batch, mixed in zip((images, targets), expected, strict=True):
        assert torch.equal(mixup.mix(batch, share), mixed)
        torch.testing.assert_close(mixup.mix(batch, torch.tensor(share)), mixed)


@pytest.mark.parametrize("held", [True, False])
def test_a_store_takes_batches_and_parts_at_its_size(rng, held):
    task = data(rng)
    images, targets = task.part("train", 2)
    pixels = torch.from_numpy(images[:])[:, None]
    store = Store(images, targets, 32, CPU, held=held)
    batch = torch.tensor([3, 1])
    taken, wanted = store.take(batch)
    assert torch.equal(taken, pixels[[3, 1]])
    assert torch.equal(wanted, targets[[3, 1]])
    assert torch.equal(torch.cat(list(store.parts(7))), pixels)
    assert [len(part) for part in store.parts(7)] == [7, 7, 6]
    small = v2.functional.resize(pixels, [16, 16], antialias=True)
    assert torch.equal(Store(images, targets, 16, CPU, held=held).take(batch)[0], small[[3, 1]])
    assert len(store) == 20


def test_images_lie_on_a_device_where_there_is_room(rng):
    """The device `meta` stands for a card: it holds shapes alone."""
    images, targets = data(rng).part("train", 2)
    card = torch.device("meta")
    assert Store(images, targets, 16, card, room=20 * 16 * 16).place == card
    left = Store(images, targets, 16, card, room=20 * 16 * 16 - 1)
    assert left.place == CPU
    assert left.images.shape == (20, 1, 16, 16)
    assert left.targets.device == card


def test_the_indices_of_a_pass_lie_where_they_are_wanted():
    seen = list(batches(9, 4, np.random.default_rng(0), torch.device("meta")))
    assert [len(batch) for batch in seen] == [4, 5]
    assert all(batch.device.type == "meta" for batch in seen)


def test_a_large_validation_is_divided_where_memory_is_short(rng, monkeypatch):
    learner = learner_of(data(rng), batch_size=4)
    whole = learner.validate()
    learner.multiple, sizes = 4, []
    forward = type(learner.network).forward

    def limited(self, images):
        sizes.append(len(images))
        if len(images) > 10:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return forward(self, images)

    monkeypatch.setattr(type(learner.network), "forward", limited)
    monkeypatch.setattr(torch.cuda, "empty_cache", lambda: None)
    assert learner.validate() == pytest.approx(whole, rel=1e-5)
    assert sizes == [20, 10, 10]
    assert learner.micro_batch == 5


def test_checkpoints_are_written_beside_the_training_and_the_last_one_whole(tmp_path):
    path, gate, entered = tmp_path / "c.pt", threading.Event(), threading.Event()
    written = []

    class Slow(Checkpoint):
        def save(self, state):
            entered.set()
            gate.wait(10)
            written.append(int(state["epoch"]))
            super().save(state)

    weights = torch.zeros(3)
    with CheckpointWriter(Slow(path, "a training")) as writer:
        writer.put({"epoch": 1, "weights": weights})
        assert entered.wait(10)
        for epoch in (2, 3):
            weights += 1  # the training goes on
            writer.put({"epoch": epoch, "weights": weights})
        weights += 1
        gate.set()
    assert written == [1, 3]
    assert Checkpoint(path, "a training").load()["weights"].tolist() == [2, 2, 2]


def test_what_keeps_a_checkpoint_from_being_written_ends_the_training(tmp_path, rng):
    checkpoint = Checkpoint(tmp_path / "no folder" / "c.pt", "a training")

    def save(state):
        raise OSError(28, "No space left on device", str(checkpoint.path))

    checkpoint.save = save
    with pytest.raises(OSError, match="No space left"):
        train(network(), data(rng), recipe({"epochs": 2}), 1, checkpoint)


def test_an_error_of_the_training_is_not_hidden_by_one_of_its_checkpoint(tmp_path):
    class Broken(Checkpoint):
        def save(self, state):
            raise OSError("disk")

    def training():
        with CheckpointWriter(Broken(tmp_path / "c", "")) as writer:
            writer.put({})
            raise ValueError("training")

    with pytest.raises(ValueError, match="training"):
        training()


def test_a_copied_state_keeps_its_kinds_and_shares_nothing():
    tensor = torch.ones(2)
    made = {"a": [tensor, {"b": (0.9, tensor)}], "c": "text", "d": None}
    copied = copied_state(made)
    tensor.zero_()
    assert copied["a"][0].tolist() == [1, 1]
    assert isinstance(copied["a"][1]["b"], tuple)
    assert copied["a"][1]["b"][1].tolist() == [1, 1]
    assert (copied["c"], copied["d"]) == ("text", None)


def test_a_training_that_need_not_repeat_itself_learns_as_well(rng):
    made = replace(recipe(), deterministic=False)
    history = train(network(), data(rng), made, seed=1).history
    assert not torch.are_deterministic_algorithms_enabled()
    assert history["train_loss"].iloc[-1] < history["train_loss"].iloc[0]
    train(network(), data(rng), recipe({"epochs": 1}), seed=1)
    assert torch.are_deterministic_algorithms_enabled()
