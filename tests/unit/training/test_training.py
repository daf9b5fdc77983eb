"""Training learns what is there, repeats itself, goes on after a kill and says what is wrong."""

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
import yaml

from cxr.config.networks import Phase as PhaseConfig
from cxr.config.resolve import RECIPES
from cxr.core.errors import InputError
from cxr.core.io import new_array, read_array, write_array
from cxr.core.settings import typed
from cxr.features.extract import extract_features
from cxr.networks.architecture import build_network
from cxr.training.checkpoint import Checkpoint
from cxr.training.dataset import TrainingData
from cxr.training.learner import Learner, class_weights
from cxr.training.loop import train
from cxr.training.rate_test import suggested_rate
from cxr.training.recipe import Recipe
from tests.helpers.learning import AUGMENTATION, data, equal, recipe, state

EVERYTHING = (
    {"epochs": 2, "frozen": True},
    {"epochs": 2, "learning_rate": "find", "schedule": "cosine", "label_smoothing": 0.1},
    {"epochs": 3, "learning_rate": [3e-3, 3e-4], "mixup": 0.4, "averaging": 0.5, "keep": "last"},
    {"epochs": 2, "image_size": 48, "schedule": "plateau", "class_weights": False},
)


def network():
    return build_network("conv5", 2, 8, 0.2, seed=1)


def test_a_range_test_that_never_rises_does_not_tell_the_highest_rate():
    rates = np.logspace(-6, 0, 100)
    falls = 1 / (1 + (rates / 1e-3))  # half way at a thousandth
    falls[:3] = [1.4, 0.6, 1.2]  # the first batches are few
    curve = pd.DataFrame({"learning_rate": rates, "loss": falls})
    assert suggested_rate(curve) == pytest.approx(1e-3, rel=0.2)
    curve["loss"] = falls + (rates / 0.2) ** 2
    lowest = rates[curve["loss"].argmin()]
    assert suggested_rate(curve) == pytest.approx(lowest / 10)
    assert lowest < 0.2
    assert suggested_rate(curve.head(1)) == pytest.approx(1e-7)
    curve["loss"] = 1 / (1 + (rates / 0.3))  # half way within a tenth of the highest rate
    assert suggested_rate(curve) == pytest.approx(0.1)


def test_training_learns_what_is_there(rng):
    task, learner = data(rng), network()
    history = train(learner, task, recipe(), seed=1).history
    _, probabilities = extract_features(learner, task.images, None)
    test = task.split == "test"
    assert (probabilities.argmax(1) == task.labels)[test].mean() > 0.9
    assert history["best"].sum() == 1
    assert history["epoch"].tolist() == list(range(1, len(history) + 1))


def test_every_kind_of_phase_learns_and_is_in_the_history(rng):
    task, learner = data(rng), network()
    trained = train(learner, task, recipe(*EVERYTHING, augmentation=AUGMENTATION), seed=1)
    history = trained.history
    assert history["phase"].tolist() == [1, 1, 2, 2, 3, 3, 3, 4, 4]
    assert history["image_size"].tolist() == [32] * 7 + [48] * 2
    assert history["frozen"].tolist() == [True] * 2 + [False] * 7
    assert (history["backbone_learning_rate"] == 0).tolist() == [True] * 2 + [False] * 7
    third = history.loc[history["phase"] == 3]
    np.testing.assert_allclose(third["backbone_learning_rate"], third["learning_rate"] / 10)
    assert set(history.loc[history["best"], "phase"]) == {4}
    assert set(trained.rate_tests["phase"]) == {2}
    assert trained.rate_tests["learning_rate"].is_monotonic_increasing
    found = trained.rate_tests.set_index("learning_rate")["loss"].idxmin() / 10
    assert history.loc[history["phase"] == 2, "learning_rate"].iloc[0] == pytest.approx(found)
    assert trained.timing["precision"] == "float32"
    assert trained.timing["seconds"] > 0


def test_the_same_seed_gives_the_same_weights_and_test_images_change_nothing(rng):
    task = data(rng)
    other = task.images.copy()
    other[task.split == "test"] = 255 - other[task.split == "test"]
    changed = TrainingData(other, task.labels, task.split)
    short = recipe({"epochs": 2, "mixup": 0.2}, augmentation=AUGMENTATION, precision="bfloat16")
    trained = []
    for version, seed in ((task, 1), (changed, 1), (task, 2)):
        learner = network()
        train(learner, version, short, seed=seed)
        trained.append(state(learner))
    assert equal(trained[0], trained[1])
    assert not equal(trained[0], trained[2])


def test_images_that_are_read_batch_by_batch_give_the_same_weights(rng, tmp_path):
    made = recipe(*EVERYTHING, augmentation=AUGMENTATION)
    task, trained = data(rng), []
    write_array(task.images, tmp_path / "images.npy")
    mapped = replace(task, images=read_array(tmp_path / "images.npy"))
    assert mapped.digest() == task.digest()
    for version, memory_mb in ((task, 2000), (mapped, 2000), (mapped, 0)):
        learner = network()
        result = train(learner, version, replace(made, memory_mb=memory_mb), seed=1)
        trained.append((state(learner), result.history))
    assert equal(trained[0][0], trained[1][0])
    assert equal(trained[0][0], trained[2][0])
    pd.testing.assert_frame_equal(trained[0][1], trained[2][1])


STREAMED = """
import resource
import sys
from dataclasses import replace
import numpy as np
sys.path[:0] = ["workflow/scripts", "."]
import torch
from cxr.core.io import read_array
from cxr.training.dataset import TrainingData
from cxr.training.loop import train
from tests.helpers.learning import data, recipe
from tests.unit.training.test_training import network
made = replace(recipe({"epochs": 1}, {"epochs": 1, "image_size": 48}), memory_mb=int(sys.argv[2]))
train(network(), data(np.random.default_rng(0)), made, 1)  # loads what is loaded at the first use
images = read_array(sys.argv[1])
n = len(images)
task = TrainingData(images, np.arange(n) % 2, np.where(np.arange(n) % 5, "train", "validation"))
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
task.digest()
train(network(), task, made, 1)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


def test_a_training_holds_no_more_images_than_the_config_allows(tmp_path):
    with new_array(tmp_path / "images.npy", (2500, 192, 192), np.uint8) as images:
        images[:] = np.arange(2500, dtype=np.uint8)[:, None, None]  # 92 MB
    command = [sys.executable, "-c", STREAMED, str(tmp_path / "images.npy"), "10"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert int(done.stdout) < 60_000


def test_the_weights_of_the_best_epoch_are_kept(rng):
    task, learner = data(rng), network()
    history = train(learner, task, recipe({"label_smoothing": 0.2}), seed=1).history
    _, probabilities = extract_features(learner, task.images, None)
    held_out = task.split == "validation"
    own = probabilities[held_out, task.labels[held_out]]
    best = history.loc[history["best"]].iloc[0]
    # The measured loss has no smoothing in it.
    assert -np.log(own).mean() == pytest.approx(best["validation_loss"], rel=1e-4)
    assert best["validation_loss"] == history["validation_loss"].min()


def test_the_last_weights_are_kept_where_the_recipe_says_so(rng):
    history = train(network(), data(rng), recipe({"keep": "last"}), seed=1).history
    assert history["best"].tolist() == [False] * 5 + [True]


def test_rare_classes_weigh_more():
    weights = class_weights(torch.tensor([0, 0, 0, 1]), 2)
    assert weights[1] == 3 * weights[0]
    assert (3 * weights[0] + weights[1]) / 4 == 1


INTERRUPTED = """
import sys
import numpy as np
from pathlib import Path
sys.path[:0] = ["workflow/scripts", "."]
from cxr.training.checkpoint import Checkpoint
from cxr.training.loop import train
from tests.helpers.learning import AUGMENTATION, data, recipe, state
from tests.unit.training.test_training import EVERYTHING, network
from safetensors.torch import save_file
phases = [phase | {"epochs": 12} for phase in EVERYTHING]
learner = network()
checkpoint = Checkpoint(Path(sys.argv[1]), "a training") if sys.argv[1] else None
made = recipe(*phases, augmentation=AUGMENTATION)
train(learner, data(np.random.default_rng(0)), made, 1, checkpoint)
save_file({name: value.contiguous() for name, value in state(learner).items()}, sys.argv[2])
"""


def test_a_killed_training_ends_in_the_weights_of_an_undisturbed_one(tmp_path):
    command = [sys.executable, "-c", INTERRUPTED]
    subprocess.run([*command, "", str(tmp_path / "whole")], check=True)
    checkpoint = tmp_path / "checkpoint.pt"
    reached = set()
    for turn in range(3):
        process = subprocess.Popen([*command, str(checkpoint), str(tmp_path / "resumed")])
        seen, before = 0, checkpoint.stat().st_mtime_ns if checkpoint.exists() else 0
        while process.poll() is None:
            now = checkpoint.stat().st_mtime_ns if checkpoint.exists() else 0
            if now != before:
                seen, before = seen + 1, now
                if seen == 3 + 5 * turn:
                    process.kill()
                    process.wait()
        assert process.returncode == -9
        stored = torch.load(checkpoint, weights_only=True)["progress"]
        reached.add(stored["phase"])
    assert len(reached) > 1
    subprocess.run([*command, str(checkpoint), str(tmp_path / "resumed")], check=True)
    assert (tmp_path / "resumed").read_bytes() == (tmp_path / "whole").read_bytes()


def test_a_checkpoint_of_another_training_or_a_damaged_one_is_not_used(tmp_path, caplog):
    path = tmp_path / "c.pt"
    Checkpoint(path, "first").save({"rows": []})
    assert Checkpoint(path, "first").load()["rows"] == []
    assert Checkpoint(path, "second").load() is None
    path.write_bytes(path.read_bytes()[:50])
    assert Checkpoint(path, "first").load() is None
    assert "not a whole checkpoint" in caplog.text
    Checkpoint(path, "first").remove()
    assert Checkpoint(path, "first").load() is None


@pytest.mark.parametrize("keep", ["best", "last"])
def test_a_phase_ends_when_nothing_improves(rng, keep):
    task = data(rng)
    shuffled = TrainingData(task.images, rng.permutation(task.labels), task.split)
    phases = ({"epochs": 40, "patience": 2, "keep": keep}, {"epochs": 1})
    history = train(network(), shuffled, recipe(*phases), seed=1).history
    first = history.loc[history["phase"] == 1]
    assert len(first) == first["validation_loss"].to_numpy().argmin() + 1 + 2
    assert history["phase"].iloc[-1] == 2


def test_a_frozen_phase_leaves_the_backbone_alone(rng):
    learner = network()
    before = {name: tensor.clone() for name, tensor in learner.backbone.state_dict().items()}
    train(learner, data(rng), recipe({"epochs": 2, "frozen": True}), seed=1)
    assert equal(before, learner.backbone.state_dict())


def test_a_loss_that_is_no_number_names_phase_epoch_and_rate(rng):
    learner = network()
    phases = ({"epochs": 1}, {"epochs": 2, "learning_rate": 0.5})

    def spoil(module, inputs, output):
        return output * float("nan") if module.training and spoil.calls > 4 else output

    spoil.calls = 0
    learner.register_forward_pre_hook(lambda *_: setattr(spoil, "calls", spoil.calls + 1))
    learner.register_forward_hook(spoil)
    with pytest.raises(InputError, match=r"in phase 2, epoch 2, at learning rate 0\.02"):
        train(learner, data(rng), recipe(*phases), seed=1)


LIMITED = """
import logging
import resource
import sys
import numpy as np
sys.path[:0] = ["workflow/scripts", "."]
logging.basicConfig(stream=sys.stdout, level=logging.INFO)
import torch
from cxr.training.dataset import TrainingData
from cxr.training.loop import train
from tests.helpers.learning import data, recipe
from tests.unit.training.test_training import network
torch.set_num_threads(1)
small = data(np.random.default_rng(0))
train(network(), small, recipe({"epochs": 1}), 1)  # loads what is loaded at the first use
images = np.kron(small.images, np.ones((1, 16, 16), dtype=np.uint8))
task = TrainingData(images, small.labels, small.split)
used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
limit = used + int(sys.argv[1]) * 10**6
resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
large = recipe({"epochs": 2, "image_size": 512, "batch_size": 20})
history = train(network(), task, large, 1).history
print("finished", len(history), np.isfinite(history["train_loss"]).all())
"""


def limited(megabytes):
    command = [sys.executable, "-c", LIMITED, str(megabytes)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_a_batch_too_large_for_the_memory_is_computed_in_parts():
    done = limited(900)
    assert "finished 2 True" in done.stdout, done.stdout + done.stderr
    assert "out of memory: batches of 20 are computed 10 images at a time" in done.stdout


@pytest.mark.parametrize("words", ["could not create a primitive", "can't allocate memory: 8 GB"])
def test_short_memory_is_known_by_any_of_its_words(words, rng, caplog):
    """OneDNN's words differ from torch's own, and come on some processors alone."""

    def fail(_, inputs):
        if len(inputs[0]) > 2:
            raise RuntimeError(words)

    learner = network()
    learner.register_forward_pre_hook(fail)
    history = train(learner, data(rng), recipe({"epochs": 2, "batch_size": 8}), seed=1).history
    assert np.isfinite(history["train_loss"]).all()
    assert "batches of 8 are computed 2 images at a time" in caplog.text


def test_no_memory_for_two_images_is_said():
    done = limited(60)
    assert done.returncode != 0
    assert "no memory for two images" in done.stderr


def test_a_compiled_network_learns_the_same(rng):
    task, losses = data(rng), []
    for compiled in (False, True):
        made = replace(recipe({"epochs": 2}), compile=compiled)
        history = train(build_network("conv5", 2, 8, 0.0, seed=1), task, made, seed=1).history
        losses.append(history["train_loss"].to_numpy())
    np.testing.assert_allclose(losses[1], losses[0], rtol=1e-3)


def test_parts_of_a_batch_add_up_to_its_gradient(rng):
    """Without normalisation and dropout, which see their part alone, nothing differs."""
    task, gradients = data(rng), []
    for micro_batch in (20, 7, 2):
        learner = build_network("vgg16", 2, 8, 0.0, seed=1).eval()
        whole = recipe({"batch_size": 20})
        step = Learner(
            learner,
            whole,
            whole.phases[0],
            task.part("train", 2),
            task.part("test", 2),
            torch.device("cpu"),
        )
        step.begin(None)
        step.micro_batch = micro_batch
        step._gradients(step.augment(step.train.images), step.train.targets)
        gradients.append(learner.dense[0].weight.grad.clone())
    torch.testing.assert_close(gradients[0], gradients[1])
    torch.testing.assert_close(gradients[0], gradients[2])


def test_the_named_recipes_are_valid_and_end_at_the_caches_size():
    recipes = yaml.safe_load(RECIPES.read_text())
    assert set(recipes) == {"scratch", "transfer", "progressive", "staged"}
    for phases in recipes.values():
        checked = [PhaseConfig.model_validate(phase) for phase in phases]
        assert checked[-1].image_size is None
    made = [PhaseConfig.model_validate(phase).model_dump() for phase in recipes["transfer"]]
    phases = [phase | {"image_size": phase["image_size"] or 64} for phase in made]
    settings = {"phases": phases, "augmentation": None, "precision": "auto", "compile": False}
    assert [phase.frozen for phase in typed(Recipe, settings | {"threads": 1}).phases] == [
        True,
        False,
    ]


def test_the_training_datas_digest_sees_pixels_labels_and_splits_but_no_test_image(rng):
    task = data(rng)
    base = task.digest()
    images = task.images.copy()
    images[-1] += 1
    assert TrainingData(images, task.labels, task.split).digest() == base
    images[0] += 1
    assert TrainingData(images, task.labels, task.split).digest() != base
    assert TrainingData(task.images, 1 - task.labels, task.split).digest() != base


def test_a_cohort_and_a_cache_that_do_not_belong_together_are_refused(rng):
    cohort = pd.DataFrame({"class": ["a"], "split": ["train"]})
    with pytest.raises(InputError, match=r"holds 60 images and cohort\.parquet 1 rows"):
        TrainingData.from_cohort(cohort, data(rng).images, ["a", "b"])
