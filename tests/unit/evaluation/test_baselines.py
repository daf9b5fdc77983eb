"""Each baseline sees what its name says and nothing else."""

import numpy as np
import pandas as pd
import pytest

from cxr.evaluation.baselines import DESCRIPTIONS, baseline_inputs, predict_baselines
from cxr.images.canonical import shrink
from cxr.images.lungs import border_mask

N = 120


@pytest.fixture
def cohort():
    """Two classes, an image a patient."""
    table = pd.DataFrame({"image_id": [f"{i:03d}" for i in range(N)]})
    table["class"] = np.where(np.arange(N) % 2, "a", "b")
    table["split"] = np.repeat(["train", "validation", "test"], N // 3)
    table["split_group"] = np.arange(N)
    return table


@pytest.fixture
def folds(cohort):
    return cohort[["image_id", "split"]].assign(part="study", protocol="study")


@pytest.fixture
def shapes(cohort):
    table = pd.DataFrame({"image_id": cohort["image_id"], "width": 100, "height": 80, "bands": 1})
    return table.assign(file=table["image_id"] + ".png", format="png")


def lungs_of_all():
    """Two upright ellipses, bool of shape (N, 96, 96)."""
    rows, columns = np.mgrid[:96, :96] / 96
    sides = [((columns - x) / 0.14) ** 2 + ((rows - 0.45) / 0.3) ** 2 < 1 for x in (0.3, 0.7)]
    return np.tile(sides[0] | sides[1], (N, 1, 1))


@pytest.fixture
def images(rng):
    """Noisy chests: bright, with two dark lungs."""
    chests = np.where(lungs_of_all(), 60.0, 170.0)
    return np.clip(chests + rng.normal(0, 12, chests.shape), 0, 255).astype(np.uint8)


def accuracies(cohort, folds, shapes, images):
    inputs = baseline_inputs(cohort, shapes, [images], lungs=lungs_of_all())
    table = predict_baselines(cohort, folds, inputs, ["a", "b"], 0)
    test = table.loc[table["split"] == "test"]
    return (test["class"] == test["predicted"]).groupby(test["baseline"]).mean()


def planted(cohort, folds, shapes, images, where):
    """Accuracies when class a is darker in some pixels."""
    of_a = (cohort["class"] == "a").to_numpy()
    changed = images.astype(int)
    changed[np.ix_(of_a, *map(np.arange, images.shape[1:]))] -= 60 * where.astype(int)
    return accuracies(cohort, folds, shapes, np.clip(changed, 0, 255).astype(np.uint8))


def test_what_only_the_border_shows(cohort, folds, shapes, images):
    accuracy = planted(cohort, folds, shapes, images, border_mask(96))
    assert accuracy["border"] > 0.9
    assert accuracy["lungs covered"] > 0.9
    assert accuracy[["shape", "lungs only", "shape and colour"]].max() < 0.8


def test_what_only_the_lungs_show(cohort, folds, shapes, images):
    rows, columns = np.mgrid[:96, :96] / 96
    spot = ((columns - 0.3) ** 2 + (rows - 0.45) ** 2) < 0.06**2
    accuracy = planted(cohort, folds, shapes, images, spot)
    assert accuracy["lungs only"] > 0.9
    assert accuracy[["border", "lungs covered", "shape", "shape and format"]].max() < 0.8


def test_what_only_the_files_shape_colour_or_format_show(cohort, folds, shapes, images):
    of_a = (cohort["class"] == "a").to_numpy()
    wide = shapes.assign(width=np.where(of_a, 140, 100))
    accuracy = accuracies(cohort, folds, wide, images)
    of_shape = ["shape", "shape and colour", "shape and format"]
    assert accuracy[of_shape].min() > 0.9
    assert accuracy.drop(of_shape).max() < 0.8
    for of_the_rest, planted_value in ((1, 3), (3, 4)):
        channels = shapes.assign(bands=np.where(of_a, planted_value, of_the_rest))
        accuracy = accuracies(cohort, folds, channels, images)
        assert accuracy["shape and colour"] > 0.9
        assert accuracy["shape"] < 0.8
    for column, of_the_rest, planted_value in (
        ("format", "png", "jpeg"),
        ("file", "x.png", "x.JPG"),
    ):
        changed_files = shapes.assign(**{column: np.where(of_a, planted_value, of_the_rest)})
        accuracy = accuracies(cohort, folds, changed_files, images)
        assert accuracy["shape and format"] > 0.9
        assert accuracy[["shape", "shape and colour"]].max() < 0.8


@pytest.mark.parametrize(
    "own",
    [
        lambda of_a: {"scanner": np.where(of_a, "GE", "Agfa")},
        lambda of_a: {"dose": np.where(of_a, 1.0, 2.0)},
        lambda of_a: {"dose": np.where(of_a, 1.0, np.nan)},
        lambda of_a: {"ward": pd.Series(np.where(of_a, "B", None), dtype="str")},
    ],
    ids=["text", "number", "recorded number", "recorded text"],
)
def test_what_own_fields_show(cohort, folds, shapes, images, own):
    values = own((cohort["class"] == "a").to_numpy())
    inputs = baseline_inputs(cohort, shapes.assign(**values), [images])
    kept = {name: inputs[name] for name in ("own fields", "shape and format")}
    table = predict_baselines(cohort, folds, kept, ["a", "b"], 0)
    correct = (table["class"] == table["predicted"]).groupby(table["baseline"]).mean()
    assert correct["own fields"] > 0.9
    assert correct["shape and format"] < 0.8


def test_burned_in_text_is_a_baseline_of_its_own(cohort, folds, shapes, images):
    of_a = (cohort["class"] == "a").to_numpy()
    of_text = {"text_present": np.where(of_a, "yes", "no"), "text_share": np.where(of_a, 0.01, 0)}
    inputs = baseline_inputs(cohort, shapes.assign(**of_text), [images])
    assert "own fields" not in inputs
    kept = {name: inputs[name] for name in ("burned-in text", "shape and format")}
    table = predict_baselines(cohort, folds, kept, ["a", "b"], 0)
    correct = (table["class"] == table["predicted"]).groupby(table["baseline"]).mean()
    assert correct["burned-in text"] == 1
    assert correct["shape and format"] < 0.8


def test_every_baseline_is_described_and_predicts_every_measured_image(
    cohort, folds, shapes, images
):
    of_text = {"text_present": "no", "text_share": 0.0, "text_position": None}
    inputs = baseline_inputs(cohort, shapes.assign(scanner="GE", **of_text), [images])
    assert set(inputs) == set(DESCRIPTIONS)
    table = predict_baselines(cohort, folds, inputs, ["a", "b"], 0)
    assert len(table) == len(DESCRIPTIONS) * (N - N // 3)
    np.testing.assert_allclose(table["probability_a"] + table["probability_b"], 1, atol=1e-5)
    again = predict_baselines(cohort, folds, inputs, ["a", "b"], 0)
    pd.testing.assert_frame_equal(table, again)


def test_baselines_with_lungs_see_those_of_the_masks(cohort, shapes, images):
    lungs = np.zeros(images.shape, dtype=bool)
    lungs[:, :48] = True
    inputs = baseline_inputs(cohort, shapes, [images], lungs=lungs)
    only, covered = (inputs[f"lungs {name}"].reshape(N, 32, 32) for name in ("only", "covered"))
    assert only[:, 16:].max() == covered[:, :16].max() == 0
    assert only[:, :16].min() > 0
    np.testing.assert_array_equal(only + covered, shrink(images, 32))


def test_lungs_are_looked_for_on_radiographs_alone(cohort, shapes, images):
    assert list(baseline_inputs(cohort, shapes, [images], "cxr")) == list(
        baseline_inputs(cohort, shapes, [images])
    )
    inputs = baseline_inputs(cohort, shapes, [images], "CT")
    others = [name for name in DESCRIPTIONS if name not in ("own fields", "burned-in text")]
    assert list(inputs) == [name for name in others if "lungs" not in name]
    assert list(baseline_inputs(cohort, shapes, [images])) == others


def test_images_of_several_arrays_are_read_one_after_the_other(cohort, shapes, images):
    whole = baseline_inputs(cohort, shapes, [images])
    parts = baseline_inputs(cohort, shapes, [images[:7], images[7:]])
    assert list(whole) == list(parts)
    assert all(np.array_equal(whole[name], parts[name]) for name in whole)
