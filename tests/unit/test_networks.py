"""Networks: shapes, weights from anywhere, training that learns and repeats itself."""

import json
import pickle
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
import torch
import torchvision
from safetensors.torch import save_file
from sklearn.linear_model import LogisticRegression

from cxr.checkpoint import Checkpoint
from cxr.errors import InputError
from cxr.features import features_table, predictions_table, run
from cxr.models import BODIES, build, load_body, load_model, read_weights, save_model
from cxr.training import Data, Recipe, augmentation, describe, resize, to_unit, train
from cxr.weights import obtain

RECIPE = Recipe(
    image_size=None,
    epochs=6,
    patience=6,
    batch_size=16,
    learning_rate=3e-3,
    weight_decay=0.01,
    frozen_epochs=0,
    augment=False,
)


def data(rng, n=60):
    """Two classes: the bright half of the image is the upper or the lower one."""
    images = rng.integers(0, 90, (n, 32, 32), dtype=np.uint8)
    labels = np.arange(n) % 2
    images[labels == 0, :16] += 120
    images[labels == 1, 16:] += 120
    return Data(images, labels, np.repeat(["train", "validation", "test"], n // 3))


def state(network):
    return {name: tensor.clone() for name, tensor in network.state_dict().items()}


def equal(first, second):
    return all(torch.equal(first[name], second[name]) for name in first)


@pytest.mark.parametrize("architecture", ["conv5", *BODIES])
def test_every_architecture_gives_features_and_logits(architecture):
    network = build(architecture, n_classes=3, feature_dim=12, dropout=0.2, seed=0).eval()
    with torch.inference_mode():
        features = network.features(torch.rand(2, 1, 64, 64))
        assert features.shape == (2, 12)
        assert (features >= 0).all()
        assert network(torch.rand(2, 1, 64, 64)).shape == (2, 3)


def test_the_seed_draws_the_weights_and_leaves_torchs_generator_alone():
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    first, again, other = (build("conv5", 2, 8, 0.0, seed) for seed in (1, 1, 2))
    assert torch.equal(torch.rand(3), expected)
    assert equal(state(first), state(again))
    assert not equal(state(first), state(other))


@pytest.mark.parametrize("architecture", ["resnet18", "mobilenet_v2", "densenet121", "vgg16"])
@pytest.mark.parametrize("part", ["whole model", "features alone"])
def test_torchvisions_weights_fit_the_body(tmp_path, architecture, part):
    torch.manual_seed(3)
    theirs = getattr(torchvision.models, architecture)(weights=None)
    weights = theirs.state_dict()
    if part == "features alone" and architecture != "resnet18":
        weights = theirs.features.state_dict()
    torch.save(weights, tmp_path / "w.pth")
    network = build(architecture, 2, 8, 0.0, seed=0)
    load_body(network, tmp_path / "w.pth")
    first = next(iter(theirs.state_dict().values()))
    assert torch.equal(next(iter(network.body.state_dict().values())), first)
    if architecture == "vgg16":
        x = torch.rand(1, 3, 64, 64)
        with torch.inference_mode():
            torch.testing.assert_close(network.body.eval()(x), theirs.eval().features(x))


@pytest.mark.mirror
def test_the_mirrors_imagenet_weights_load_and_say_where_they_are_from(mirror, tmp_path):
    provenance = obtain("mobilenet_v2", tmp_path / "w.pth", mirror)
    network = build("mobilenet_v2", 2, 8, 0.0, seed=0)
    before = state(network)
    load_body(network, tmp_path / "w.pth")
    assert not equal(before, state(network))
    assert provenance["origin"].startswith("local mirror")
    with pytest.raises(InputError, match=r"no file weights/vgg16-imagenet\*\.pth"):
        obtain("vgg16", tmp_path / "v.pth", mirror)


class Evil:
    """Unpickling it would make a file."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (open, (str(self.path), "w"))


def test_a_weights_file_with_code_is_refused_and_its_code_not_run(tmp_path):
    torch.save({"weight": Evil(tmp_path / "ran")}, tmp_path / "evil.pth")
    (tmp_path / "plain.pth").write_bytes(pickle.dumps(Evil(tmp_path / "ran")))
    for name in ("evil.pth", "plain.pth"):
        with pytest.raises(InputError, match=f"{name}: not a file of weights alone"):
            read_weights(tmp_path / name)
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    ("name", "write", "message"),
    [
        ("a.pth", lambda path: path.write_text("hello"), "not a file of weights alone"),
        ("a.safetensors", lambda path: path.write_text("hello"), "not a file of weights alone"),
        ("a.pth", lambda path: torch.save([1, 2], path), "no state dict"),
        (
            "a.pth",
            lambda path: torch.save(torchvision.models.resnet18(weights=None).state_dict(), path),
            "does not fit the architecture",
        ),
        (
            "a.safetensors",
            lambda path: save_file({"0.0.weight": torch.zeros(2, 2)}, path),
            "does not fit the architecture: 0.0.weight has shape",
        ),
    ],
)
def test_weights_that_do_not_fit_are_named(tmp_path, name, write, message):
    write(tmp_path / name)
    with pytest.raises(InputError, match=message):
        load_body(build("mobilenet_v2", 2, 8, 0.0, seed=0), tmp_path / name)


def test_training_learns_what_is_there(rng):
    network = build("conv5", 2, 8, 0.0, seed=1)
    task = data(rng)
    history = train(network, task, RECIPE, seed=1)
    _, probabilities = run(network, task.images, None)
    test = task.split == "test"
    assert (probabilities.argmax(1) == task.labels)[test].mean() > 0.9
    assert history["best"].sum() == 1
    assert history["epoch"].tolist() == list(range(1, len(history) + 1))


def test_the_same_seed_gives_the_same_weights_and_test_images_change_nothing(rng):
    task = data(rng)
    other = task.images.copy()
    other[task.split == "test"] = 255 - other[task.split == "test"]
    changed = Data(other, task.labels, task.split)
    recipe = Recipe(**(RECIPE.__dict__ | {"epochs": 2, "augment": True}))
    trained = []
    for version, seed in ((task, 1), (changed, 1), (task, 2)):
        network = build("conv5", 2, 8, 0.2, seed=1)
        train(network, version, recipe, seed=seed)
        trained.append(state(network))
    assert equal(trained[0], trained[1])
    assert not equal(trained[0], trained[2])


def test_the_weights_of_the_best_epoch_are_kept(rng):
    network = build("conv5", 2, 8, 0.0, seed=1)
    task = data(rng)
    history = train(network, task, RECIPE, seed=1)
    _, probabilities = run(network, task.images, None)
    held_out = task.split == "validation"
    own = probabilities[held_out, task.labels[held_out]]
    best = history.loc[history["best"]].iloc[0]
    assert -np.log(own).mean() == pytest.approx(best["validation_loss"], rel=1e-4)
    assert best["validation_loss"] == history["validation_loss"].min()


INTERRUPTED = """
import sys
import numpy as np
from pathlib import Path
sys.path[:0] = ["workflow/scripts", "."]
from cxr.checkpoint import Checkpoint
from cxr.models import build
from cxr.training import Recipe, train
from tests.unit.test_networks import RECIPE, data, state
from safetensors.torch import save_file
task = data(np.random.default_rng(0))
network = build("conv5", 2, 8, 0.2, seed=1)
checkpoint = Checkpoint(Path(sys.argv[1]), "a training") if sys.argv[1] else None
recipe = Recipe(**(RECIPE.__dict__ | {"epochs": 60, "patience": 60, "augment": True}))
train(network, task, recipe, 1, checkpoint)
save_file({name: value.contiguous() for name, value in state(network).items()}, sys.argv[2])
"""


def test_a_killed_training_ends_in_the_weights_of_an_undisturbed_one(tmp_path):
    command = [sys.executable, "-c", INTERRUPTED]
    subprocess.run([*command, "", str(tmp_path / "whole")], check=True)
    checkpoint = tmp_path / "checkpoint.pt"
    killed = 0
    for _ in range(2):
        process = subprocess.Popen([*command, str(checkpoint), str(tmp_path / "resumed")])
        before = checkpoint.stat().st_mtime_ns if checkpoint.exists() else 0
        while process.poll() is None:
            if checkpoint.exists() and checkpoint.stat().st_mtime_ns != before:
                process.kill()
                process.wait()
        killed += process.returncode == -9
    assert killed == 2
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


def test_training_stops_when_nothing_improves(rng):
    task = data(rng)
    shuffled = Data(task.images, rng.permutation(task.labels), task.split)
    recipe = Recipe(**(RECIPE.__dict__ | {"epochs": 40, "patience": 2}))
    history = train(build("conv5", 2, 8, 0.0, seed=1), shuffled, recipe, seed=1)
    best = history["best"].to_numpy().argmax()
    assert len(history) == best + 1 + 2


def test_frozen_epochs_leave_the_body_alone(rng):
    network = build("conv5", 2, 8, 0.0, seed=1)
    before = {name: tensor.clone() for name, tensor in network.body.state_dict().items()}
    recipe = Recipe(**(RECIPE.__dict__ | {"epochs": 2, "frozen_epochs": 2}))
    train(network, data(rng), recipe, seed=1)
    assert equal(before, network.body.state_dict())


def test_a_loss_that_is_no_number_names_epoch_and_rate(rng):
    network = build("conv5", 2, 8, 0.0, seed=1)
    with torch.no_grad():
        network.output[-1].weight.fill_(float("nan"))
    with pytest.raises(InputError, match=r"no longer a number in epoch 1 at learning rate"):
        train(network, data(rng), RECIPE, seed=1)


def test_augmentation_keeps_shape_type_and_most_of_the_image(rng):
    image = torch.from_numpy(data(rng).images[:1])
    torch.manual_seed(0)
    changed = torch.stack([augmentation()(image) for _ in range(20)])
    assert changed.shape == (20, 1, 32, 32)
    assert changed.dtype == torch.uint8
    assert len(torch.unique(changed, dim=0)) == 20
    upper = changed[:, :, 4:12].float().mean(dim=(1, 2, 3))
    assert (upper > changed[:, :, 20:28].float().mean(dim=(1, 2, 3))).all()


def test_images_are_resized_and_scaled():
    images = torch.full((2, 1, 40, 40), 255, dtype=torch.uint8)
    assert to_unit(resize(images, 32)).shape == (2, 1, 32, 32)
    assert resize(images, None) is images
    assert to_unit(images).max() == 1


def test_a_saved_model_comes_back_and_its_bytes_repeat(tmp_path, rng):
    task = data(rng)
    network = build("conv5", 2, 8, 0.3, seed=1)
    history = train(network, task, Recipe(**(RECIPE.__dict__ | {"epochs": 1})), seed=1)
    cfg = {
        "classes": ["a", "b"],
        "seed": 1,
        "model": {
            "architecture": "conv5",
            "weights": "none",
            "feature_dim": 8,
            "dropout": 0.3,
            "training": RECIPE.__dict__,
        },
    }
    card = describe(network, task, history, cfg)
    for name in ("1", "2"):
        save_model(network, card, tmp_path / f"{name}.safetensors", tmp_path / f"{name}.json")
    assert (tmp_path / "1.safetensors").read_bytes() == (tmp_path / "2.safetensors").read_bytes()
    loaded, back = load_model(tmp_path / "1.safetensors", tmp_path / "1.json")
    assert back == json.loads(json.dumps(card))
    assert back["best_epoch"] == 1
    again, before = (run(version, task.images, None)[0] for version in (loaded, network))
    np.testing.assert_allclose(again, before, atol=1e-5)
    (tmp_path / "2.json").write_text('{"classes": []}')
    with pytest.raises(InputError, match=r"2\.json: not a model's card"):
        load_model(tmp_path / "1.safetensors", tmp_path / "2.json")


def test_the_training_datas_digest_sees_pixels_labels_and_splits_but_no_test_image(rng):
    task = data(rng)
    base = task.digest()
    images = task.images.copy()
    images[-1] += 1
    assert Data(images, task.labels, task.split).digest() == base
    images[0] += 1
    assert Data(images, task.labels, task.split).digest() != base
    assert Data(task.images, 1 - task.labels, task.split).digest() != base


def test_a_cohort_and_a_cache_that_do_not_belong_together_are_refused(rng):
    cohort = pd.DataFrame({"class": ["a"], "split": ["train"]})
    with pytest.raises(InputError, match=r"holds 60 images and cohort\.parquet 1 rows"):
        Data.of(cohort, data(rng).images, ["a", "b"])


def test_features_and_predictions_have_a_column_a_unit_and_a_class(rng):
    task = data(rng)
    network = build("conv5", 2, 8, 0.0, seed=1)
    features, probabilities = run(network, task.images, 32, batch_size=7)
    whole, _ = run(network, task.images, None, batch_size=60)
    np.testing.assert_allclose(features, whole, atol=1e-5)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-6)
    cohort = pd.DataFrame({"image_id": map(str, range(60)), "class": "a", "split": task.split})
    table = features_table(cohort, features)
    assert table.columns.tolist() == [
        "image_id",
        "class",
        "split",
        *(f"f{i:03d}" for i in range(8)),
    ]
    assert set(table.dtypes.iloc[3:]) == {np.dtype("float32")}
    predictions = predictions_table(cohort, probabilities, ["a", "b"])
    assert predictions.columns.tolist()[3:] == ["predicted", "probability_a", "probability_b"]
    assert LogisticRegression().fit(features, task.labels).score(features, task.labels) > 0.9
