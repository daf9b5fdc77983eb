"""New images: what speaks for a class lights up, bad files are listed, ONNX agrees."""

import numpy as np
import onnx
import onnxruntime
import pandas as pd
import pytest
import torch
from PIL import Image

from cxr.core.errors import InputError
from cxr.evaluation.gradcam import attention, grad_cam, overlay, select_examples
from cxr.features.extract import extract_features
from cxr.inference.onnx import export_onnx
from cxr.inference.predict import list_images, overlay_name, predict_folder
from cxr.networks.architecture import build_network
from cxr.training.dataset import TrainingData
from cxr.training.loop import train
from tests.helpers.learning import recipe

CARD = {"classes": ["a", "b"], "image_size": 64, "cache_size": 64, "square": "crop"}


@pytest.fixture(scope="module")
def trained():
    """A network that tells images with a bright spot (a) from those with a striped one (b)."""
    rng = np.random.default_rng(0)
    images = rng.integers(40, 90, (120, 64, 64), dtype=np.uint8)
    labels = np.arange(120) % 2
    for image, label in zip(images, labels, strict=True):
        row, column = rng.integers(4, 16, 2) + 36 * rng.integers(0, 2, 2)
        image[row : row + 12, column : column + 12] += 60
        image[row : row + 12 : 1 + label, column : column + 12] += 60
    network = build_network("conv5", 2, 16, 0.0, seed=1)
    split = np.repeat(["train", "validation", "test"], 40)
    phases = {"epochs": 8, "image_size": 64, "learning_rate": 5e-3}
    train(network, TrainingData(images, labels, split), recipe(phases), seed=1)
    return network, images, labels


def test_grad_cam_lights_up_where_the_class_is(trained):
    network, images, labels = trained
    spots = images[80:]
    cams = grad_cam(network, spots, 64, labels[80:])
    assert cams.shape == (40, 64, 64)
    assert cams.min() >= 0
    assert (cams.max(axis=(1, 2)) == 1).all()
    bright = spots > 130
    on_spot = (cams * bright).sum((1, 2)) / bright.sum((1, 2))
    # One class has a sign of its own, the other may be what lacks it.
    gain = on_spot / cams.mean(axis=(1, 2))
    assert max(np.median(gain[labels[80:] == label]) for label in (0, 1)) > 1.5
    assert np.median(gain) > 1


def test_shares_of_attention_are_shares(trained):
    _, images, _ = trained
    table = pd.DataFrame({"image_id": list("ab"), "class": "a", "predicted": "a"})
    even = np.ones((2, 64, 64), dtype=np.float32)
    lungs = images[:2] > 60
    shares = attention(table, even, lungs)
    np.testing.assert_allclose(shares["in_lungs"], shares["lung_area"], atol=1e-3)
    np.testing.assert_allclose(shares["in_border"], shares["border_area"], atol=1e-3)
    assert attention(table, 0 * even, lungs)["in_lungs"].isna().all()
    of_ct = attention(table, even, None)
    assert of_ct[["in_lungs", "lung_area"]].isna().all(axis=None)
    pd.testing.assert_series_equal(of_ct["in_border"], shares["in_border"])


def test_the_most_confident_correct_and_incorrect_images_of_each_class_are_selected():
    table = pd.DataFrame(
        {
            "image_id": list("uvwxyz"),
            "class": list("aaaabb"),
            "predicted": list("aaabba"),
            "probability_a": [0.6, 0.9, 0.7, 0.2, 0.1, 0.8],
            "probability_b": [0.4, 0.1, 0.3, 0.8, 0.9, 0.2],
        }
    )
    examples = select_examples(table, ["a", "b"], 2)
    correct = examples.loc[examples["correct"]]
    assert correct.loc[correct["class"] == "a", "image_id"].tolist() == ["v", "w"]
    incorrect = examples.loc[~examples["correct"]]
    assert incorrect["image_id"].tolist() == ["x", "z"]
    assert incorrect["confidence"].tolist() == [0.8, 0.8]


def test_an_overlay_is_the_image_where_its_map_is_zero():
    image = np.arange(64, dtype=np.uint8).reshape(8, 8)
    plain = overlay(image, np.zeros((8, 8)))
    assert (plain == image[..., None]).all()
    assert (overlay(image, np.ones((8, 8))) != image[..., None]).any()


def save_as(array, path, mode="L"):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(array).convert(mode).save(path)


def test_a_folder_is_predicted_and_bad_files_are_listed(trained, tmp_path):
    network, images, _ = trained
    save_as(images[80], tmp_path / "grey.png")
    save_as(images[80], tmp_path / "deep/colour & <b>.png", "RGB")
    save_as(images[80], tmp_path / "alpha.png", "RGBA")
    Image.fromarray(images[80].astype(np.uint16) * 257).save(tmp_path / "sixteen.png")
    save_as(np.tile(images[81], (1, 3)), tmp_path / "wide.jpg")
    (tmp_path / "empty.png").write_bytes(b"")
    (tmp_path / "text.png").write_text("hello")
    (tmp_path / "cut.png").write_bytes((tmp_path / "grey.png").read_bytes()[:200])
    (tmp_path / ".hidden").write_text("x")
    (tmp_path / "out.png").symlink_to("/etc/hostname")
    overlays = tmp_path / "made" / "overlays"
    prediction = predict_folder(network, CARD, tmp_path, overlays, threads=2)
    assert prediction.predictions["file"].tolist() == [
        "alpha.png",
        "deep/colour & <b>.png",
        "grey.png",
        "sixteen.png",
        "wide.jpg",
    ]
    assert prediction.rejected.set_index("file")["reason"].to_dict() == {
        "cut.png": "truncated or damaged",
        "empty.png": "the file is empty",
        "text.png": "not an image that can be read: text",
    }
    # The same picture whatever its mode; 16 bits are stretched to their own range.
    same = prediction.predictions.set_index("file")["probability_a"]
    assert same["alpha.png"] == same["grey.png"] == same["deep/colour & <b>.png"]
    assert abs(same["sixteen.png"] - same["grey.png"]) < 0.2
    assert all(
        name.replace(".", "").replace("_", "").replace("-", "").isalnum()
        for name in prediction.predictions["overlay"]
    )
    assert prediction.features.columns.tolist() == ["file", *(f"f{i:03d}" for i in range(16))]
    names = prediction.predictions["overlay"].tolist()
    assert sorted(path.name for path in overlays.iterdir()) == names


def test_a_folder_is_predicted_in_blocks_as_if_at_once(trained, tmp_path, monkeypatch):
    network, images, _ = trained
    for number in range(7):
        save_as(images[80 + number], tmp_path / "new" / f"{number}.png")
    (tmp_path / "new" / "3.png").write_text("hello")
    whole = predict_folder(network, CARD, tmp_path / "new", tmp_path / "whole", threads=1)
    monkeypatch.setattr("cxr.inference.predict.BLOCK", 2)
    parts = predict_folder(network, CARD, tmp_path / "new", tmp_path / "parts", threads=1)
    pd.testing.assert_frame_equal(parts.predictions, whole.predictions, atol=1e-5)
    pd.testing.assert_frame_equal(parts.features, whole.features, atol=1e-4)
    np.testing.assert_allclose(parts.outputs, whole.outputs, atol=1e-4)
    assert parts.outputs.shape == (6, 256)
    assert parts.rejected["file"].tolist() == ["3.png"]
    assert len(list((tmp_path / "parts").iterdir())) == 6


def test_a_folder_of_bad_files_alone_gives_empty_tables(trained, tmp_path):
    (tmp_path / "text.png").write_text("hello")
    prediction = predict_folder(trained[0], CARD, tmp_path, tmp_path / "made", threads=1)
    assert len(prediction.predictions) == len(prediction.outputs) == 0
    assert len(prediction.rejected) == 1


def test_no_folder_and_no_file_are_named(tmp_path):
    with pytest.raises(InputError, match=r"'images': there is no folder .*gone"):
        list_images(tmp_path / "gone")
    with pytest.raises(InputError, match="holds no file"):
        list_images(tmp_path)


def test_overlay_names_are_plain():
    assert overlay_name(0, "a/../<b>é x.jpeg") == "00001_-b-x.png"
    assert overlay_name(41, "a/b/" + 200 * "c" + ".png") == f"00042_{60 * 'c'}.png"


@pytest.mark.parametrize("architecture", ["conv5", "mobilenet_v2"])
def test_the_onnx_file_agrees_with_torch(architecture, tmp_path, trained):
    images = trained[1]
    torch.manual_seed(0)
    network = build_network(architecture, 2, 8, 0.0, seed=1).eval()
    difference = export_onnx(network, CARD, images[:7], tmp_path / "model.onnx")
    assert difference < 1e-4
    onnx.checker.check_model(str(tmp_path / "model.onnx"))
    assert b".py" not in (tmp_path / "model.onnx").read_bytes()  # no path of this machine
    session = onnxruntime.InferenceSession(str(tmp_path / "model.onnx"))
    pixels = images[:5, None].astype(np.float32) / 255
    probabilities, features = session.run(["probabilities", "features"], {"images": pixels})
    ours, expected = extract_features(network, images[:5], None)
    np.testing.assert_allclose(probabilities, expected, atol=1e-4)
    np.testing.assert_allclose(features, ours, atol=1e-3)
    assert not list(tmp_path.glob(".*"))
