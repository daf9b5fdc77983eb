"""A network learns the tags of an image beside its class."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
import yaml
from sklearn.metrics import average_precision_score

from cxr.config.networks import Phase as PhaseConfig
from cxr.config.resolve import RECIPES
from cxr.evaluation.predictions import predictions_schema, predictions_table
from cxr.features.extract import extract_features, label_probabilities
from cxr.networks.architecture import build_network
from cxr.networks.weights import load_model, save_model
from cxr.training.card import model_card
from cxr.training.dataset import TrainingData
from cxr.training.loop import train
from tests.helpers.learning import AUGMENTATION, data, recipe, run_of, state


def tagged(rng, n=90):
    """The task of `data`, and two tags: a bright stripe, and one that nothing shows."""
    task = data(rng, n)
    images, shown = task.images.copy(), rng.random(n) < 0.4
    images[shown, :, 12:18] = 250
    tags = np.stack([shown, rng.random(n) < 0.3], axis=1)
    return replace(task, images=images, tags=tags)


def test_a_network_learns_class_and_tags_at_once(rng):
    task, network = tagged(rng), build_network("conv5", 2, 16, 0.0, seed=1, n_tags=2)
    train(network, task, recipe({"epochs": 12, "class_weights": False}), seed=1)
    features, probabilities = extract_features(network, task.images, None)
    labels = label_probabilities(network, features)
    test = task.split == "test"
    assert (probabilities.argmax(1) == task.labels)[test].mean() > 0.9
    assert labels.shape == (90, 4)
    assert average_precision_score(task.tags[test, 0], labels[test, 2]) > 0.9
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-5)
    # Of independent labels, the probability of each class given that exactly one is there.
    one = labels[:, [0, 1]] * (1 - labels[:, [1, 0]])
    np.testing.assert_allclose(probabilities, one / one.sum(axis=1, keepdims=True), atol=1e-4)


def test_the_measured_loss_is_binary_cross_entropy(rng):
    task, network = tagged(rng), build_network("conv5", 2, 16, 0.0, seed=1, n_tags=2)
    plain = {"epochs": 1, "class_weights": False, "keep": "last", "label_smoothing": 0.1}
    history = train(network, task, recipe(plain), seed=1).history
    held_out = task.split == "validation"
    features, _ = extract_features(network, task.images[held_out], None)
    targets = np.hstack([np.eye(2)[task.labels], task.tags])[held_out]
    loss = torch.nn.BCELoss()(
        torch.from_numpy(label_probabilities(network, features)), torch.from_numpy(targets).float()
    )
    assert history["validation_loss"].iloc[0] == pytest.approx(float(loss), rel=1e-4)


def test_images_of_a_rare_class_weigh_as_much_as_the_others_together(rng):
    """A loss with class weights is the mean of the classes' mean losses."""
    task = tagged(rng)
    rare = replace(task, labels=(np.arange(90) % 6 == 0).astype(int))
    network = build_network("conv5", 2, 16, 0.0, seed=1, n_tags=2)
    phase = {"epochs": 1, "keep": "last", "class_weights": True}
    history = train(network, rare, recipe(phase), seed=1).history
    held_out = rare.split == "validation"
    features, _ = extract_features(network, rare.images[held_out], None)
    given = label_probabilities(network, features)
    targets = np.hstack([np.eye(2)[rare.labels], rare.tags])[held_out]
    losses = -(targets * np.log(given) + (1 - targets) * np.log(1 - given)).mean(axis=1)
    of_classes = [losses[rare.labels[held_out] == k].mean() for k in (0, 1)]
    assert history["validation_loss"].iloc[0] == pytest.approx(np.mean(of_classes), rel=1e-4)
    assert losses.mean() != pytest.approx(np.mean(of_classes), rel=1e-3)


def test_every_kind_of_phase_trains_with_tags_and_repeats_its_weights(rng):
    task, trained = tagged(rng), []
    kinds = ({"mixup": 0.4, "epochs": 1, "label_smoothing": 0.1}, {"averaging": 0.5, "epochs": 1})
    for _ in range(2):
        network = build_network("conv5", 2, 8, 0.2, seed=1, n_tags=2)
        history = train(network, task, recipe(*kinds, augmentation=AUGMENTATION), seed=1).history
        trained.append(state(network))
    assert np.isfinite(history[["train_loss", "validation_loss"]]).all(axis=None)
    assert all(torch.equal(trained[0][name], trained[1][name]) for name in trained[0])


def test_the_staged_recipe_runs_whole_with_tags(rng):
    phases_of_recipe = yaml.safe_load(RECIPES.read_text())["staged"]
    phases = [
        PhaseConfig.model_validate(phase).model_dump(mode="json") for phase in phases_of_recipe
    ]
    assert [phase["epochs"] for phase in phases] == [10, 5, 5, 10]
    sizes = [phase["image_size"] for phase in phases]
    assert sizes == [128, 128, None, None]
    small = [
        phase | {"epochs": 1, "image_size": 32 if s else 40}
        for phase, s in zip(phases, sizes, strict=True)
    ]
    task, network = tagged(rng, 30), build_network("conv5", 2, 8, 0.2, seed=1, n_tags=2)
    trained = train(network, task, recipe(*small), seed=1)
    assert trained.history["frozen"].tolist() == [True, False, True, False]
    assert set(trained.rate_tests["phase"]) == {1, 3}
    rates = trained.history["backbone_learning_rate"] / trained.history["learning_rate"]
    np.testing.assert_allclose(rates, [0, 0.05, 0, 0.05])


def test_tags_are_part_of_the_datas_digest(rng):
    task = tagged(rng)
    assert task.digest() != replace(task, tags=~task.tags).digest()
    assert task.digest() != replace(task, tags=None).digest()


def test_a_tagged_model_is_stored_with_its_tags(rng, tmp_path):
    task, network = tagged(rng), build_network("conv5", 2, 8, 0.2, seed=1, n_tags=2)
    run = run_of(recipe({"epochs": 1}))
    history = train(network, task, run.model.training, seed=1).history
    card = model_card(run, network, task, history, ["s: x", "s: y"])
    save_model(network, card, tmp_path / "m.safetensors", tmp_path / "m.json")
    loaded, card = load_model(tmp_path / "m.safetensors", tmp_path / "m.json")
    assert card["tags"] == ["s: x", "s: y"]
    features, probabilities = extract_features(loaded, task.images, None)
    np.testing.assert_allclose(
        probabilities, extract_features(network, task.images, None)[1], atol=1e-6
    )
    cohort = pd.DataFrame({"image_id": np.arange(90).astype(str), "class": "a", "split": "test"})
    labels = ["a", "b", *card["tags"]]
    of_labels = label_probabilities(loaded, features)
    table = predictions_table(cohort, probabilities, ["a", "b"], labels, of_labels)
    names = predictions_schema(["a", "b"], labels).names
    assert names[:-2] == list(table.columns)
    assert "tags" not in json.loads((tmp_path / "m.json").read_text())["classes"]
    plain = TrainingData(task.images, task.labels, task.split)
    assert "tags" not in model_card(run, network, plain, history)
