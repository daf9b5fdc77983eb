"""A run depends on its settings, data and code, and on nothing else."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from cxr.config.resolve import resolve
from cxr.core.settings import typed
from cxr.training.card import model_card
from cxr.training.run import TrainingRun
from tests.helpers.learning import data, equal, recipe, run_of, state


@pytest.fixture
def task(rng):
    """The cohort and the images of a small task."""
    small = data(rng, 30)
    classes = np.array(["a", "b"])[small.labels]
    return pd.DataFrame({"class": classes, "split": small.split}), small.images


def test_a_finished_run_comes_back_from_its_checkpoint(task, tmp_path):
    run, path = run_of(recipe({"epochs": 2})), tmp_path / "checkpoint.pt"
    first = run.fit(*task, None, path, "code")
    stored = path.read_bytes()
    second = run.fit(*task, None, path, "code")
    assert path.read_bytes() == stored
    assert equal(state(first.network), state(second.network))
    assert first.image_size == 32
    second.checkpoint.remove()
    assert not path.exists()


@pytest.mark.parametrize("changed", ["seed", "dropout", "recipe", "pixels", "code"])
def test_a_checkpoint_is_of_the_same_settings_data_and_code(task, tmp_path, caplog, changed):
    run, path = run_of(recipe({"epochs": 1})), tmp_path / "checkpoint.pt"
    run.fit(*task, None, path, "code")
    caplog.set_level("INFO", logger="cxr")
    cohort, images = task
    other = {
        "seed": replace(run, seed=2),
        "dropout": run_of(recipe({"epochs": 1}), dropout=0.1),
        "recipe": run_of(recipe({"epochs": 1, "mixup": 0.2})),
    }.get(changed, run)
    images = images + np.uint8(changed == "pixels")
    code = "other" if changed == "code" else "code"
    other.fit(cohort, images, None, path, code)
    assert "of another training" in caplog.text


def test_the_config_of_a_study_is_a_run_and_stands_in_the_models_card(task, tmp_path):
    learning_rate = {"epochs": 1, "learning_rate": [1e-3, 1e-4], "batch_size": 8}
    model = {"architecture": "conv5", "training": {"phases": [learning_rate]}}
    source = {"kind": "synthetic", "patients": 14}
    study = resolve(
        {
            "study": "s",
            "sources": {"x": source},
            "cohort": {"classes": {n: {"findings": [n]} for n in "ab"}, "image_size": 32},
            "models": {"m": model},
        }
    )
    settings = {"model": study["models"]["m"], "classes": ["a", "b"], "seed": 1, "square": "crop"}
    run = typed(TrainingRun, settings)
    trained = run.fit(*task, None, tmp_path / "checkpoint.pt", "code")
    card = model_card(run, trained.network, trained.data, trained.result.history)
    assert card["training"] == study["models"]["m"]["training"]
    assert card["initial_weights"] == "none"
