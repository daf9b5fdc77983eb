"""Networks: shapes, weights from anywhere, files that come back."""

import json
import pickle

import numpy as np
import pandas as pd
import pytest
import torch
import torchvision
from safetensors.torch import save_file
from sklearn.linear_model import LogisticRegression

from cxr.config.catalogue.architectures import ARCHITECTURES
from cxr.core.errors import InputError
from cxr.core.state_dict import read_state_dict
from cxr.download.weights import obtain_weights
from cxr.evaluation.predictions import predictions_table
from cxr.features.extract import extract_features
from cxr.features.tables import features_table
from cxr.networks.architecture import build_network
from cxr.networks.weights import load_backbone, load_model, save_model
from cxr.training.card import model_card
from cxr.training.loop import train
from tests.helpers.learning import data, equal, recipe, run_of, state


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_every_architecture_gives_features_and_logits(architecture):
    network = build_network(architecture, n_classes=3, feature_dim=12, dropout=0.2, seed=0).eval()
    with torch.inference_mode():
        features = network.features(torch.rand(2, 1, 64, 64))
        assert features.shape == (2, 12)
        assert (features >= 0).all()
        assert network(torch.rand(2, 1, 64, 64)).shape == (2, 3)


def test_the_seed_draws_the_weights_and_leaves_torchs_generator_alone():
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    first, again, other = (build_network("conv5", 2, 8, 0.0, seed) for seed in (1, 1, 2))
    assert torch.equal(torch.rand(3), expected)
    assert equal(state(first), state(again))
    assert not equal(state(first), state(other))


@pytest.mark.parametrize("architecture", ["resnet18", "mobilenet_v2", "densenet121", "vgg16"])
@pytest.mark.parametrize("part", ["whole model", "features alone"])
def test_torchvisions_weights_fit_the_backbone(tmp_path, architecture, part):
    torch.manual_seed(3)
    theirs = getattr(torchvision.models, architecture)(weights=None)
    weights = theirs.state_dict()
    if part == "features alone" and architecture != "resnet18":
        weights = theirs.features.state_dict()
    torch.save(weights, tmp_path / "w.pth")
    network = build_network(architecture, 2, 8, 0.0, seed=0)
    load_backbone(network, tmp_path / "w.pth")
    first = next(iter(theirs.state_dict().values()))
    assert torch.equal(next(iter(network.backbone.state_dict().values())), first)
    if architecture == "vgg16":
        x = torch.rand(1, 3, 64, 64)
        with torch.inference_mode():
            torch.testing.assert_close(network.backbone.eval()(x), theirs.eval().features(x))


@pytest.mark.mirror
def test_the_mirrors_imagenet_weights_load_and_say_where_they_are_from(mirror, tmp_path):
    provenance = obtain_weights("mobilenet_v2", tmp_path / "w.pth", mirror)
    network = build_network("mobilenet_v2", 2, 8, 0.0, seed=0)
    before = state(network)
    load_backbone(network, tmp_path / "w.pth")
    assert not equal(before, state(network))
    assert provenance["origin"].startswith("local mirror")
    with pytest.raises(InputError, match=r"no file weights/vgg16-imagenet\*\.pth"):
        obtain_weights("vgg16", tmp_path / "v.pth", mirror)


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
            read_state_dict(tmp_path / name)
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
        load_backbone(build_network("mobilenet_v2", 2, 8, 0.0, seed=0), tmp_path / name)


def test_a_saved_model_comes_back_and_its_bytes_repeat(tmp_path, rng):
    task = data(rng)
    network = build_network("conv5", 2, 8, 0.3, seed=1)
    training = recipe({"epochs": 1})
    history = train(network, task, training, seed=1).history
    card = model_card(run_of(training, dropout=0.3), network, task, history)
    for name in ("1", "2"):
        save_model(network, card, tmp_path / f"{name}.safetensors", tmp_path / f"{name}.json")
    assert (tmp_path / "1.safetensors").read_bytes() == (tmp_path / "2.safetensors").read_bytes()
    loaded, back = load_model(tmp_path / "1.safetensors", tmp_path / "1.json")
    assert back == json.loads(json.dumps(card))
    assert back["best_epoch"] == 1
    assert (back["image_size"], back["cache_size"], back["square"]) == (32, 32, "crop")
    again, before = (
        extract_features(version, task.images, None)[0] for version in (loaded, network)
    )
    np.testing.assert_allclose(again, before, atol=1e-5)
    (tmp_path / "2.json").write_text('{"classes": []}')
    with pytest.raises(InputError, match=r"2\.json: not a model's card"):
        load_model(tmp_path / "1.safetensors", tmp_path / "2.json")


def test_features_and_predictions_have_a_column_a_unit_and_a_class(rng):
    task = data(rng)
    network = build_network("conv5", 2, 8, 0.0, seed=1)
    features, probabilities = extract_features(network, task.images, 32, batch_size=7)
    whole, _ = extract_features(network, task.images, None, batch_size=60)
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
