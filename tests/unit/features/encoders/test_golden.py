"""Preprocessing and features are those of each library's own pipeline, image by image."""

import numpy as np
import pytest
import timm
import torch
import torchxrayvision as xrv
from PIL import Image
from torchvision.transforms import v2
from transformers import AutoImageProcessor, AutoModel

from cxr.features.encoders.load import load_encoder
from cxr.features.encoders.weights import download_encoder
from tests.conftest import MIRROR
from tests.helpers.dicom import write_dicom
from tests.helpers.encoders import (
    densenet,
    resnet,
    save_clip,
    save_clip_vision,
    save_dinov2,
    save_open_clip,
    save_pickled,
    save_siglip,
    save_timm,
    save_vit,
    settings_of,
)

SPAN = 2048  # of torchxrayvision's pixels, -1024 to 1024
CLOSE = 1e-5


@pytest.fixture
def photos(tmp_path, rng):
    """Image files of bytes: grey and coloured, upright and wide, large and small."""
    smooth = np.asarray(Image.fromarray(rng.integers(0, 255, (9, 12), np.uint8)).resize((400, 300)))
    colours = np.stack([smooth, 255 - smooth, smooth // 2], axis=2)
    files = {
        "wide.png": smooth,
        "tall.jpg": smooth.T,
        "colour.png": colours,
        "few.png": smooth[:60],
    }
    for name, pixels in files.items():
        Image.fromarray(pixels).save(tmp_path / name)
    return [tmp_path / name for name in files]


@pytest.fixture(scope="module")
def radiographs():
    """Some real ones, among them JPEGs of three channels."""
    folders = ("covid-chestxray-dataset/images", "chest_xray/train/NORMAL")
    files = [sorted((MIRROR / folder).iterdir())[::40] for folder in folders]
    return [path for some in files for path in some if path.suffix in (".jpg", ".jpeg", ".png")]


def of_transformers(folder, path):
    """Pixels and features by the library alone."""
    processor, model = AutoImageProcessor.from_pretrained(folder), AutoModel.from_pretrained(folder)
    image = Image.open(path).convert("RGB")
    pixels = processor(images=image, return_tensors="pt")["pixel_values"]
    with torch.inference_mode():
        if hasattr(model, "get_image_features"):
            features = model.eval().get_image_features(pixel_values=pixels).pooler_output
        else:
            features = model.eval()(pixel_values=pixels).pooler_output
    return pixels[0].numpy(), features[0].numpy()


def of_timm(folder, path):
    model = timm.create_model(f"local-dir:{folder}", pretrained=True, num_classes=0).eval()
    options = timm.data.resolve_data_config({}, model=model)
    transform = timm.data.create_transform(**options, is_training=False)
    pixels = transform(Image.open(path).convert("RGB"))
    with torch.inference_mode():
        return pixels.numpy(), model(pixels[None])[0].numpy()


def assert_same(encoder, path, pixels, features, span=1):
    ours = encoder.preprocess(path)
    assert ours.dtype == np.float32
    np.testing.assert_allclose(ours / span, pixels / span, rtol=0, atol=CLOSE)
    with torch.inference_mode():
        vector = encoder.forward(torch.from_numpy(ours[None]))[0].numpy()
    scale = max(1.0, float(np.abs(features).max()))
    np.testing.assert_allclose(vector / scale, features / scale, rtol=0, atol=CLOSE)
    assert vector.shape == (encoder.dimension,)


@pytest.mark.parametrize("save", [save_dinov2, save_siglip, save_clip, save_clip_vision])
def test_transformers_is_as_the_library_alone(save, photos, tmp_path):
    folder = save(tmp_path / "encoder")
    encoder = load_encoder(settings_of("transformers"), folder)
    for path in photos:
        assert_same(encoder, path, *of_transformers(folder, path))


def test_a_vit_with_a_pooler_is_as_the_library_alone(photos, tmp_path):
    folder = save_vit(tmp_path / "encoder", pooler=True)
    encoder = load_encoder(settings_of("transformers"), folder)
    assert_same(encoder, photos[0], *of_transformers(folder, photos[0]))


@pytest.mark.parametrize(
    ("name", "options"),
    [("vit_tiny_patch16_224", {}), ("resnet18", {"img_size": None, "depth": None})],
)
def test_timm_is_as_the_library_alone(name, options, photos, tmp_path):
    folder = save_timm(tmp_path / "encoder", name, **options)
    encoder = load_encoder(settings_of("timm", path=str(folder)), folder)
    for path in photos:
        assert_same(encoder, path, *of_timm(folder, path))


def test_a_model_of_timm_by_name_has_its_own_preprocessing(photos, tmp_path):
    name = "resnet18.a1_in1k"
    model = timm.create_model(name, pretrained=False)
    save_timm(tmp_path / "encoder", name, img_size=None, depth=None)
    encoder = load_encoder(settings_of("timm", model=name), tmp_path / "encoder")
    options = timm.data.resolve_data_config({}, model=model)
    transform = timm.data.create_transform(**options, is_training=False)
    for path in photos:
        pixels = transform(Image.open(path).convert("RGB")).numpy()
        np.testing.assert_array_equal(encoder.preprocess(path), pixels)
    assert encoder.dimension == model.num_features


def of_torchxrayvision(image, features, side):
    """Pixels and features from what the library read."""
    crop, resize = xrv.datasets.XRayCenterCrop(), xrv.datasets.XRayResizer(side)
    pixels = resize(crop(image))
    with torch.inference_mode():
        return pixels, features(torch.from_numpy(pixels[None]))[0].numpy()


@pytest.fixture(scope="module")
def xrv_densenet(tmp_path_factory):
    model = densenet()
    folder = tmp_path_factory.mktemp("densenet")
    save_pickled(model, folder / "densenet.pt", legacy=True)
    settings = settings_of("torchxrayvision", model="densenet121-res224-all")
    return model, load_encoder(settings, folder)


def test_torchxrayvisions_densenet_is_as_the_library_alone(xrv_densenet, photos):
    model, encoder = xrv_densenet
    for path in photos:
        expected = of_torchxrayvision(xrv.utils.load_image(str(path)), model.features2, 224)
        assert_same(encoder, path, *expected, span=SPAN)


def test_torchxrayvisions_resnet_is_as_the_library_alone(photos, tmp_path, monkeypatch):
    state = resnet().state_dict()
    path = save_pickled(state, tmp_path / "resnet" / "resnet.pt")
    monkeypatch.setattr(xrv.models, "get_weights", lambda *_, **__: str(path))
    model = xrv.models.ResNet(weights="resnet50-res512-all")
    settings = settings_of("torchxrayvision", model="resnet50-res512-all")
    encoder = load_encoder(settings, path.parent)
    assert (encoder.dimension, encoder.image_size) == (2048, (512, 512))
    image = xrv.utils.load_image(str(photos[0]))
    assert_same(encoder, photos[0], *of_torchxrayvision(image, model.features, 512), span=SPAN)


@pytest.mark.parametrize("colours", ["MONOCHROME1", "MONOCHROME2"])
def test_dicom_keeps_its_depth_for_torchxrayvision(colours, xrv_densenet, tmp_path, rng):
    pixels = rng.integers(0, 4096, (300, 260)).astype(np.uint16)
    pixels[0, :2] = 0, 4095
    tags = {"BitsStored": 12, "HighBit": 11, "PhotometricInterpretation": colours}
    path = write_dicom(tmp_path / "film.dcm", pixels, **tags)
    model, encoder = xrv_densenet
    read = xrv.utils.read_xray_dcm(path)[None]
    assert_same(encoder, path, *of_torchxrayvision(read, model.features2, 224), span=SPAN)


def test_png_of_16_bits_keeps_its_depth_for_torchxrayvision(xrv_densenet, tmp_path, rng):
    pixels = rng.integers(0, 2**16, (300, 260)).astype(np.uint16)
    pixels[0, :2] = 0, 2**16 - 1
    Image.fromarray(pixels).save(tmp_path / "film.png")
    model, encoder = xrv_densenet
    image = xrv.utils.normalize(pixels, 2**16 - 1)[None]
    expected = of_torchxrayvision(image, model.features2, 224)
    assert_same(encoder, tmp_path / "film.png", *expected, span=SPAN)


def test_what_bytes_would_lose_reaches_torchxrayvision(xrv_densenet, tmp_path):
    steps = np.tile(np.linspace(0, 40, 300).astype(np.uint16), (300, 1))
    steps[0, 0] = 2**16 - 1
    Image.fromarray(steps).save(tmp_path / "film.png")
    pixels = xrv_densenet[1].preprocess(tmp_path / "film.png")
    assert len(np.unique(pixels[0, 100].round(4))) > 10


@pytest.mark.mirror
def test_real_radiographs_are_as_by_each_library_alone(xrv_densenet, radiographs, tmp_path):
    model, of_xrv = xrv_densenet
    dinov2 = save_dinov2(tmp_path / "dinov2")
    vit = save_timm(tmp_path / "vit")
    of_hub = load_encoder(settings_of("transformers"), dinov2)
    of_vit = load_encoder(settings_of("timm", path=str(vit)), vit)
    assert len(radiographs) > 10
    for path in radiographs:
        assert_same(of_hub, path, *of_transformers(dinov2, path))
        assert_same(of_vit, path, *of_timm(vit, path))
        image = xrv.utils.load_image(str(path))
        assert_same(of_xrv, path, *of_torchxrayvision(image, model.features2, 224), span=SPAN)


def test_open_clips_layout_is_its_trunk_and_projection(photos, tmp_path):
    trunk, projection = save_open_clip(tmp_path / "biomedclip")
    settings = settings_of("timm", path=str(tmp_path / "biomedclip"))
    record = download_encoder(settings, tmp_path / "a", None)
    assert list(record["files"]) == ["open_clip_config.json", "open_clip_pytorch_model.bin"]
    encoder = load_encoder(settings, tmp_path / "a")
    transform = v2.Compose(
        [
            v2.Resize(160, v2.InterpolationMode.BICUBIC),
            v2.CenterCrop(160),
            v2.ToImage(),
            v2.ToDtype(torch.float32, scale=True),
            v2.Normalize([0.4, 0.5, 0.6], [0.2, 0.3, 0.4]),
        ]
    )
    for path in photos:
        pixels = transform(Image.open(path).convert("RGB"))
        with torch.inference_mode():
            features = projection(trunk(pixels[None]))[0].numpy()
        assert_same(encoder, path, pixels.numpy(), features)
    pooled = load_encoder({**settings, "pooling": "pooler"}, tmp_path / "a")
    assert (encoder.dimension, pooled.dimension) == (24, trunk.num_features)
