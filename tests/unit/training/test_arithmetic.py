"""Batches, rates, losses and weights by hand, without a training."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch

from cxr.core.errors import InputError
from cxr.networks.architecture import build_network
from cxr.training.batches import batches, endless_batches
from cxr.training.card import model_card
from cxr.training.dataset import TrainingData
from cxr.training.learner import Learner, class_weights
from cxr.training.loop import train
from cxr.training.rate_test import range_test, suggested_rate
from cxr.training.recipe import Schedule, make_optimizer, peak_rates
from tests.helpers.learning import AUGMENTATION, PHASE, data, recipe, run_of


def network(n_tags=0):
    return build_network("conv5", 2, 8, 0.0, seed=1, n_tags=n_tags)


def learner_of(task, phase, n_tags=0, made=None):
    """A learner of one phase, which has begun."""
    made = made or recipe(phase)
    given = network(n_tags)
    parts = task.part("train", 2), task.part("validation", 2)
    learner = Learner(given, made, made.phases[0], *parts, torch.device("cpu"))
    learner.begin(None)
    return learner


@pytest.mark.parametrize(
    ("n", "size", "expected"),
    [
        (8, 4, [4, 4]),
        (9, 4, [4, 5]),
        (10, 4, [4, 4, 2]),
        (1, 4, [1]),
        (4, 4, [4]),
        (5, 4, [5]),
        (3, 1, [1, 2]),
    ],
)
def test_a_last_image_alone_joins_the_batch_before(n, size, expected, rng):
    made = list(batches(n, size, rng))
    assert [len(batch) for batch in made] == expected
    assert sorted(torch.cat(made).tolist()) == list(range(n))


def test_passes_without_end_are_each_in_another_order(rng):
    stream = endless_batches(6, 3, rng)
    passes = [torch.cat([next(stream), next(stream)]).tolist() for _ in range(3)]
    assert all(sorted(one) == list(range(6)) for one in passes)
    assert len({tuple(one) for one in passes}) > 1


def test_peak_rates_are_one_two_or_those_of_a_range_test():
    assert peak_rates(replace(PHASE, learning_rate=0.3), None) == (0.3, 0.3)
    assert peak_rates(replace(PHASE, learning_rate=1), 0.5) == (1.0, 1.0)
    assert peak_rates(replace(PHASE, learning_rate=(0.3, 0.03)), None) == (0.3, 0.03)
    assert peak_rates(replace(PHASE, learning_rate="find"), 0.02) == (0.02, 0.02)
    with pytest.raises(ValueError, match="range test"):
        peak_rates(replace(PHASE, learning_rate="find"), None)


def test_dense_layers_and_backbone_have_their_own_rates_and_all_parameters():
    made = network()
    optimizer = make_optimizer(made, replace(PHASE, weight_decay=0.07), 0.2, 0.1)
    assert [group["lr"] for group in optimizer.param_groups] == [0.2, 0.1]
    assert {group["weight_decay"] for group in optimizer.param_groups} == {0.07}
    dense, backbone = (sum(p.numel() for p in g["params"]) for g in optimizer.param_groups)
    assert backbone == sum(p.numel() for p in made.backbone.parameters())
    assert dense + backbone == sum(p.numel() for p in made.parameters())
    frozen = make_optimizer(made, replace(PHASE, frozen=True), 0.2, 0.1)
    assert [group["lr"] for group in frozen.param_groups] == [0.2]


def rates_of(phase, images, steps=None, losses=()):
    """The rates of dense layers before each step, or each epoch."""
    optimizer = make_optimizer(network(), phase, 0.4, 0.04)
    schedule = Schedule(optimizer, phase, images)
    seen = [schedule.rates()]
    for _ in range(steps or 0):
        optimizer.step()
        schedule.after_step()
        schedule.after_epoch(9.0)
        seen.append(schedule.rates())
    for loss in losses:
        optimizer.step()
        schedule.after_step()
        schedule.after_epoch(loss)
        seen.append(schedule.rates())
    return np.array(seen)


def test_one_cycle_rises_for_a_quarter_and_ends_near_nothing():
    # 2 epochs of ceil(33 / 16) = 3 batches; a rate before each, and one after the last.
    dense, backbone = rates_of(replace(PHASE, epochs=2), 33, steps=6).T
    assert dense[0] == pytest.approx(0.4 / 25)
    assert dense[-1] == pytest.approx(0.4 / 25 / 1e4)
    np.testing.assert_allclose(backbone, dense / 10)
    longer, _ = rates_of(replace(PHASE, epochs=40), 16, steps=40).T
    assert longer.max() == pytest.approx(0.4, rel=2e-3)
    assert longer.argmax() in (9, 10), "a quarter of 40"


def test_a_cosine_falls_to_nothing_with_its_last_step():
    dense, _ = rates_of(replace(PHASE, epochs=2, schedule="cosine"), 32, steps=4).T
    np.testing.assert_allclose(dense, 0.2 * (1 + np.cos(np.pi * np.arange(5) / 4)), atol=1e-12)


def test_a_plateau_of_more_than_three_epochs_divides_the_rate_by_ten():
    losses = [1.0, 0.9, 0.95, 0.95, 0.95, 0.95, 0.8]
    dense, _ = rates_of(replace(PHASE, schedule="plateau"), 32, losses=losses).T
    np.testing.assert_allclose(dense, [0.4] * 6 + [0.04] * 2)


def test_a_frozen_backbone_has_no_rate():
    dense, backbone = rates_of(replace(PHASE, frozen=True), 32, steps=1).T
    assert (backbone == 0).all()
    assert (dense > 0).all()


def test_weights_of_classes_are_those_of_scikit_learn():
    from sklearn.utils.class_weight import compute_class_weight

    labels = np.array([0] * 5 + [1] * 2 + [2])
    expected = compute_class_weight("balanced", classes=np.arange(3), y=labels)
    np.testing.assert_allclose(class_weights(torch.from_numpy(labels), 3), expected)
    # A class without an image is no division by zero.
    assert torch.isfinite(class_weights(torch.tensor([0, 0]), 2)).all()


def test_a_smoothed_loss_is_that_of_labels_moved_towards_a_half():
    task = replace(data(np.random.default_rng(0)), tags=np.ones((60, 1), dtype=bool))
    learner = learner_of(task, {"class_weights": False}, n_tags=1)
    logits, targets = torch.tensor([[2.0, -1.0, 0.5]]), torch.tensor([[1.0, 0.0, 1.0]])
    given = 1 / (1 + np.exp(-logits.numpy()))
    moved = np.array([[0.95, 0.05, 0.95]])
    expected = -(moved * np.log(given) + (1 - moved) * np.log(1 - given)).mean()
    assert float(learner._loss(logits, targets, 0.1)) == pytest.approx(expected, rel=1e-5)
    plain = -np.log([given[0, 0], 1 - given[0, 1], given[0, 2]]).mean()
    assert float(learner._loss(logits, targets)) == pytest.approx(plain, rel=1e-5)


def test_an_image_of_a_rare_class_weighs_more_in_a_loss():
    """One image in four is of the rare class: the weights are 2 and 2 / 3."""
    task = data(np.random.default_rng(0))
    rare = replace(task, labels=(np.arange(60) % 4 == 0).astype(int))
    logits = torch.tensor([[1.0, -1.0, 3.0], [2.0, 0.5, -2.0]])
    targets = torch.tensor([[1.0, 0.0, 0.0], [0.0, 1.0, 1.0]])
    given = torch.log_softmax(logits[:, :2], dim=1).numpy()
    classes = learner_of(rare, {})
    expected = (2 / 3 * -given[0, 0] + 2 * -given[1, 1]) / 2
    assert float(classes._loss(logits[:, :2], targets[:, :2])) == pytest.approx(expected)
    tagged = learner_of(replace(rare, tags=np.zeros((60, 1), dtype=bool)), {}, n_tags=1)
    each = [float(tagged._loss(logits[[i]], targets[[i]])) for i in (0, 1)]
    assert float(tagged._loss(logits, targets)) == pytest.approx((each[0] + 3 * each[1]) / 4)


def test_an_epochs_loss_and_accuracy_are_means_over_images():
    task = data(np.random.default_rng(0))
    still = {"learning_rate": 0.0, "class_weights": False, "batch_size": 8}
    learner = learner_of(task, still)
    learner.set_training = learner.network.eval  # no batch normalisation, so that images are alone
    loss, accuracy = learner.epoch(np.random.default_rng(0))
    with torch.no_grad():
        logits = learner.network(learner.augment(learner.train.images))
    targets = learner.classes_of(learner.train.targets)
    assert loss == pytest.approx(float(torch.nn.functional.cross_entropy(logits, targets)), 1e-4)
    assert accuracy == pytest.approx(float((logits.argmax(1) == targets).float().mean()))
    whole = learner.validate()
    learner.micro_batch = 3
    assert learner.validate() == pytest.approx(whole, rel=1e-5)
    assert 0 <= whole[1] <= 1


def test_memory_is_halved_down_to_two_images():
    learner = learner_of(data(np.random.default_rng(0)), {"batch_size": 16})
    assert learner.micro_batch == 17
    seen = []

    def compute():
        seen.append(learner.micro_batch)
        if learner.micro_batch > 4:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return "done"

    assert learner._within_memory(compute) == "done"
    assert seen == [17, 8, 4]
    learner.micro_batch = 3
    learner._halve(RuntimeError())
    assert learner.micro_batch == 1
    learner.micro_batch = 2
    with pytest.raises(InputError, match="no memory for two images"):
        learner._halve(RuntimeError())

    def broken():
        raise RuntimeError("something else")

    with pytest.raises(RuntimeError, match="something else"):
        learner._within_memory(broken)


def test_the_averaged_network_is_an_exponential_mean():
    learner = learner_of(data(np.random.default_rng(0)), {"averaging": 0.75})
    name, before = next((n, p.detach().clone()) for n, p in learner.network.named_parameters())
    assert learner.evaluated is not learner.network
    learner.average.update_parameters(learner.network)  # the first copies
    with torch.no_grad():
        dict(learner.network.named_parameters())[name].add_(1)
    learner.average.update_parameters(learner.network)
    mean = dict(learner.evaluated.named_parameters())[name]
    torch.testing.assert_close(mean, before + 0.25)
    plain = learner_of(data(np.random.default_rng(0)), {})
    assert plain.evaluated is plain.network


def test_a_range_test_runs_from_a_millionth_to_one_and_leaves_the_network(monkeypatch):
    learner = learner_of(data(np.random.default_rng(0)), {"batch_size": 10, "learning_rate": 0.1})
    before = {n: t.clone() for n, t in learner.network.state_dict().items()}
    losses = iter([2.0, 1.0] + [1.0] * 98)
    monkeypatch.setattr(learner, "step", lambda batch: (torch.tensor(next(losses)), None))
    _, curve = range_test(learner, np.random.default_rng(0))
    assert len(curve) == 100
    np.testing.assert_allclose(curve["learning_rate"], np.logspace(-6, 0, 100))
    # Exponential means with their start corrected: 2, then (0.9 * 2 + 1) / 1.9.
    assert curve["loss"].iloc[0] == pytest.approx(2)
    assert curve["loss"].iloc[1] == pytest.approx(2.8 / 1.9)
    assert curve["loss"].iloc[-1] == pytest.approx(1, abs=1e-3)
    assert learner.optimizer.param_groups[0]["lr"] == pytest.approx(1)
    after = learner.network.state_dict()
    assert all(torch.equal(before[n], after[n]) for n in before)


@pytest.mark.parametrize(("last", "rows"), [(22.0, 2), (300.0, 2), (31.0, 3)])
def test_a_range_test_ends_where_the_loss_is_four_times_its_least(monkeypatch, last, rows):
    """From the second step on the mean is (0.9 * 1 + last) / 1.9, above 4 from 6.7 on."""
    learner = learner_of(data(np.random.default_rng(0)), {"batch_size": 10})
    losses = iter([1.0, last if rows == 2 else 6.6, 1.0 if rows == 2 else 60.0])
    monkeypatch.setattr(learner, "step", lambda batch: (torch.tensor(next(losses)), None))
    _, curve = range_test(learner, np.random.default_rng(0))
    assert len(curve) == rows


def test_a_range_test_without_a_number_is_said(monkeypatch):
    learner = learner_of(data(np.random.default_rng(0)), {"batch_size": 10})
    losses = iter([1.0, 1.0, float("nan")])
    monkeypatch.setattr(learner, "step", lambda batch: (torch.tensor(next(losses)), None))
    assert len(range_test(learner, np.random.default_rng(0))[1]) == 2
    monkeypatch.setattr(learner, "step", lambda batch: (torch.tensor(float("inf")), None))
    with pytest.raises(InputError, match="no number even at its lowest rate"):
        range_test(learner, np.random.default_rng(0))


def suggestion(losses):
    rates = 10.0 ** np.arange(-len(losses), 0)
    return suggested_rate(pd.DataFrame({"learning_rate": rates, "loss": losses}))


def test_the_suggested_rate_by_hand():
    # Ten rates, 1e-10 to 0.1; the least loss at 1e-4, and 1.1 times it at the end: risen.
    risen = [5, 5, 5, 5, 4, 3, 1, 1.05, 1.05, 1.1]
    assert suggestion(risen) == pytest.approx(1e-5)
    # Not risen: half way from 5 to 1 is 3, above which the last rate is 1e-6.
    assert suggestion([*risen[:9], 1.09]) == pytest.approx(1e-6)
    # The start is the median of the first fifth and one: of 9, 5 and 5.
    assert suggestion([9, 5, 5, 5, 4, 2.9, 1, 1, 1, 1]) == pytest.approx(1e-6)
    # A tenth of the best rate is lower than half way.
    assert suggestion([5, 5, 5, 5, 5, 5, 5, 4, 1, 1]) == pytest.approx(1e-3)


def test_training_data_are_its_splits():
    images = np.arange(4 * 4, dtype=np.uint8).reshape(4, 2, 2)
    split = np.array(["train", "test", "validation", "train"])
    tags = np.array([[1, 0, 1], [0, 0, 0], [0, 1, 0], [1, 1, 1]], bool)
    task = TrainingData(images, np.array([0, 1, 1, 1]), split, tags)
    pixels, targets = task.part("train", 2)
    assert pixels.shape == (2, 2, 2)
    assert pixels[:].tolist() == images[[0, 3]].tolist()
    assert targets.tolist() == [[1, 0, 1, 0, 1], [0, 1, 1, 1, 1]]
    assert task.n_tags == 3
    assert replace(task, tags=None).n_tags == 0
    assert replace(task, tags=None).part("train", 3)[1].tolist() == [[1, 0, 0], [0, 1, 0]]


def test_a_history_counts_epochs_phases_and_patience(rng):
    phases = ({"epochs": 1}, {"epochs": 2, "patience": 1, "learning_rate": (0.01, 0.001)})
    made = recipe(*phases, augmentation=AUGMENTATION)
    result = train(network(), data(rng), made, seed=1)
    assert result.history["epoch"].tolist() == list(range(1, len(result.history) + 1))
    assert result.history["phase"].tolist()[:2] == [1, 2]
    speed = 20 * len(result.history) / result.timing["images_per_second"]
    assert speed == pytest.approx(result.timing["seconds"], abs=0.06 + 0.1 * speed)
    assert result.history["train_accuracy"].between(0, 1).all()


def test_the_last_epochs_weights_are_kept_though_an_earlier_one_was_better(rng):
    phases = ({"epochs": 3, "keep": "last", "learning_rate": 0.05},)
    best = [
        train(network(), data(np.random.default_rng(3)), recipe(dict(p, keep=keep)), 1).history
        for keep in ("last", "best")
        for p in phases
    ]
    assert best[0]["best"].tolist() == [False, False, True]
    lowest = best[1]["validation_loss"].to_numpy().argmin()
    assert best[1]["best"].tolist() == [i == lowest for i in range(3)]


def test_a_models_size_is_that_of_its_last_phase(rng):
    run = run_of(recipe({"epochs": 1, "image_size": 48}, {"epochs": 1, "image_size": 32}))
    task = data(rng)
    history = train(network(), task, run.model.training, seed=1).history
    card = model_card(run, network(), task, history)
    assert card["image_size"] == 32
