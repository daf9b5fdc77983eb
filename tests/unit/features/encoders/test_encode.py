"""Files become rows of features; those that can't be used become reasons."""

import numpy as np
import pytest
import torch
from PIL import Image

from cxr.core.errors import InputError
from cxr.features.encoders.encode import encode_files
from cxr.features.encoders.load import load_encoder
from cxr.features.encoders.loaded import LoadedEncoder
from cxr.features.encoders.pixels import colour_image, deep_grey
from tests.helpers.dicom import write_dicom
from tests.helpers.encoders import save_timm, settings_of

CPU = torch.device("cpu")


class Sums:
    """Stands for a network: the sum and the mean of an image, twice at a time at most."""

    def __init__(self, most=100):
        self.most, self.sizes = most, []

    def __call__(self, batch):
        if len(batch) > self.most:
            raise RuntimeError("DefaultCPUAllocator: can't allocate memory")
        self.sizes.append(len(batch))
        return torch.stack([batch.sum((1, 2, 3)), batch.mean((1, 2, 3))], dim=1)


def encoder_of(forward, **others):
    fields = {
        "network": torch.nn.Identity(),
        "forward": forward,
        "dimension": 2,
        "input_shape": (1, 8, 8),
        "least_side": 4,
        "read": lambda path, hidden: colour_image(path, 1, hidden),
        "transform": lambda image: np.asarray(image.resize((8, 8)), dtype=np.float32)[None],
        "description": {},
    }
    return LoadedEncoder(**{**fields, **others})


@pytest.fixture
def files(tmp_path, rng):
    """Ten images, the last three of which can't be used."""
    for i in range(7):
        Image.fromarray(rng.integers(0, 255, (30, 20), np.uint8)).save(tmp_path / f"{i}.png")
    Image.fromarray(np.zeros((3, 50), np.uint8)).save(tmp_path / "7.png")
    (tmp_path / "8.png").write_bytes(b"no image")
    return [tmp_path / f"{i}.png" for i in (8, 0, 1, 7, 2, 3, 4, 5, 6, 9)]


@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("batch_size", [1, 3, 50])
def test_each_usable_file_has_its_row(files, threads, batch_size):
    forward = Sums()
    encoder = encoder_of(forward)
    found = encode_files(encoder, files, batch_size=batch_size, device=CPU, threads=threads)
    assert found.rows.tolist() == [1, 2, 4, 5, 6, 7, 8]
    expected = [encoder.preprocess(files[row]).sum() for row in found.rows]
    np.testing.assert_allclose(found.features[:, 0], expected, rtol=1e-5)
    assert found.features.dtype == np.float32
    assert max(forward.sizes) == min(batch_size, 7)
    reasons = dict(found.failures)
    assert list(reasons) == [0, 3, 9]
    assert reasons[3] == "50 x 3 pixels, less than one patch of the encoder (4 pixels)"
    assert reasons[9] == "no such file"


def test_batches_are_halved_until_they_fit(files):
    forward = Sums(most=2)
    found = encode_files(encoder_of(forward), files, batch_size=7, device=CPU, threads=1)
    assert len(found.features) == 7
    assert max(forward.sizes) <= 2
    whole = encode_files(encoder_of(Sums()), files, batch_size=7, device=CPU, threads=1)
    np.testing.assert_allclose(found.features, whole.features, rtol=1e-6)


def test_one_image_that_does_not_fit_ends_the_job(files):
    with pytest.raises(RuntimeError, match="allocate"):
        encode_files(encoder_of(Sums(most=0)), files, batch_size=2, device=CPU, threads=1)


def test_no_files_are_no_features():
    found = encode_files(encoder_of(Sums()), [], batch_size=2, device=CPU, threads=1)
    assert (found.features.shape, found.rows.shape, found.failures) == ((0, 2), (0,), [])


def test_a_width_that_changes_is_one_line(files):
    encoder = encoder_of(lambda batch: torch.zeros((len(batch), 3)))
    with pytest.raises(InputError, match="gives 2 x 3 numbers for 2 images, not 2 for each"):
        encode_files(encoder, files, batch_size=2, device=CPU, threads=1)


def test_features_that_are_no_numbers_are_one_line(files):
    encoder = encoder_of(lambda batch: torch.full((len(batch), 2), torch.nan))
    with pytest.raises(InputError, match="no finite numbers"):
        encode_files(encoder, files, batch_size=2, device=CPU, threads=1)


def test_images_that_keep_another_size_are_failures(files):
    encoder = encoder_of(Sums(), transform=lambda image: np.asarray(image, np.float32)[None])
    found = encode_files(encoder, files, batch_size=2, device=CPU, threads=1)
    assert len(found.features) == 0
    reason = "1 x 30 x 20 after the encoder's preprocessing, not 1 x 8 x 8"
    assert dict(found.failures)[1] == reason


def test_what_a_library_can_not_prepare_is_a_failure(files, caplog):
    def transform(image):
        raise ValueError("mean must have 3 elements")

    found = encode_files(
        encoder_of(Sums(), transform=transform), files, batch_size=2, device=CPU, threads=1
    )
    assert dict(found.failures)[1] == "the encoder's preprocessing can't use it"
    assert "mean must have 3 elements" in caplog.text


def test_torch_has_its_threads_again(files):
    before = torch.get_num_threads()
    encode_files(encoder_of(Sums()), files, batch_size=2, device=CPU, threads=2)
    assert torch.get_num_threads() == before


def test_hidden_boxes_are_painted_over(tmp_path):
    pixels = np.full((40, 40), 50, np.uint8)
    pixels[5:10, 5:10] = 255
    Image.fromarray(pixels).save(tmp_path / "a.png")
    encoder = encoder_of(Sums())
    boxes = [[(0.1, 0.1, 0.3, 0.3)]]
    found = encode_files(
        encoder, [tmp_path / "a.png"], batch_size=1, device=CPU, threads=1, hidden=boxes
    )
    assert found.features[0, 1] == 50
    colours = np.asarray(colour_image(tmp_path / "a.png", 3, boxes[0]))
    assert (colours == 50).all()


def test_deep_pixels_keep_their_depth_beside_hidden_boxes(tmp_path, rng):
    pixels = rng.integers(0, 4096, (40, 40)).astype(np.uint16)
    path = write_dicom(tmp_path / "a.dcm", pixels, BitsStored=12, HighBit=11)
    grey = deep_grey(path, [(0.1, 0.1, 0.2, 0.2)])
    assert grey.dtype == np.float32
    outside = pixels[20:].astype(np.float64)
    expected = (outside - pixels.min()) / (pixels.max() - pixels.min())
    np.testing.assert_allclose(grey[20:], expected, atol=1e-6)
    assert 0.2 < grey[5, 5] < 0.8


def test_a_folder_of_timm_encodes_images_as_the_network_does(files, tmp_path):
    folder = save_timm(tmp_path / "vit")
    encoder = load_encoder(settings_of("timm", path=str(folder)), folder)
    found = encode_files(encoder, files[1:3], batch_size=2, device=CPU, threads=2)
    batch = torch.from_numpy(np.stack([encoder.preprocess(path) for path in files[1:3]]))
    with torch.inference_mode():
        expected = encoder.network(batch).numpy()
    np.testing.assert_allclose(found.features, expected, atol=1e-5)
    assert encoder.image_size == (64, 64)
    assert encoder.least_side == 16
    assert encoder.description["interpolation"] == "bicubic"
