"""The network's page in Chromium, from disk and offline: it says what torch says."""

import base64

import numpy as np
import pytest

from cxr.core.io import read_json
from cxr.evaluation.gradcam import grad_cam
from cxr.features.extract import extract_features
from cxr.images.canonical import canonical
from cxr.images.decode import read_grey
from cxr.images.dicom import read_pixels
from cxr.images.dicom_header import UnreadablePixels
from cxr.inference.summary import Reference, cohort_outputs
from cxr.similarity.space import distances, metric_centre, to_points
from tests.helpers.app_page import classify, dicoms, radiographs
from tests.helpers.dicom_files import refused_files, unusual_files

pytestmark = [pytest.mark.browser, pytest.mark.timeout(900)]

SHAPES = [(300, 260), (97, 201), (50, 61), (640, 130), (128, 128)]


@pytest.mark.parametrize("square", ["crop", "stretch", "pad"])
def test_canonical_images_are_those_of_the_workflow(square, opened, rng):
    for width, height in SHAPES:
        grey = rng.integers(0, 256, (height, width)).astype(np.uint8)
        for side in (64, 100):
            found = opened.page.evaluate(
                """([width, height, pixels, size, square]) => [...canonical(
                    { width, height, pixels: Uint8Array.from(pixels) },
                    { ...app.study.model, cache_size: size, square },
                ).pixels]""",
                [width, height, grey.ravel().tolist(), side, square],
            )
            expected = canonical(grey, side, square)
            np.testing.assert_array_equal(np.reshape(found, expected.shape), expected)


def test_images_are_reduced_as_torch_reduces_them(opened, rng):
    import torch

    from cxr.networks.pixels import resize

    image = rng.integers(0, 256, (128, 128)).astype(np.uint8)
    for side in (96, 64, 100):
        found = opened.page.evaluate(
            "([pixels, side]) => [...resizeBilinear({ width: 128, height: 128, "
            "pixels: Uint8Array.from(pixels) }, side, side).pixels]",
            [image.ravel().tolist(), side],
        )
        expected = resize(torch.from_numpy(image)[None, None], side)[0, 0].numpy()
        np.testing.assert_array_equal(np.reshape(found, expected.shape), expected)


def test_it_says_what_torch_says_of_radiographs_and_dicom(opened, results, network, tmp_path, rng):
    model, card = network
    files = [*radiographs(results)[:24], *dicoms(tmp_path, rng).values()]
    found, refused = classify(opened, files)
    assert refused == {}
    images = np.stack([canonical(read_grey(f), card["cache_size"], card["square"]) for f in files])
    _, probabilities = extract_features(model, images, card["image_size"], device="cpu")
    predicted = probabilities.argmax(axis=1)
    cams = grad_cam(model, images, card["image_size"], predicted, device="cpu")
    for i, file in enumerate(files):
        said = found[file.name]
        np.testing.assert_array_equal(np.reshape(said["pixels"], images[i].shape), images[i])
        np.testing.assert_allclose(said["probabilities"], probabilities[i], atol=1e-4)
        assert said["predicted"] == predicted[i]
        assert sum(said["calibrated"]) == pytest.approx(1)
        np.testing.assert_allclose(said["cam"], cams[i].ravel(), atol=1e-3)


def test_dicom_files_are_read_as_the_workflow_reads_them(opened, tmp_path, rng):
    for name, path in unusual_files(tmp_path, rng).items():
        found = opened.page.evaluate(
            """async ([name, data]) => {
                const { width, height, pixels } = await readImage(new File([bytesOf(data)], name));
                return { width, height, pixels: [...pixels] };
            }""",
            [path.name, base64.b64encode(path.read_bytes()).decode()],
        )
        grey = np.reshape(found["pixels"], (found["height"], found["width"]))
        np.testing.assert_array_equal(grey, read_grey(path), err_msg=name)


def test_dicom_files_are_refused_as_the_workflow_refuses_them(opened, tmp_path):
    for name, path in refused_files(tmp_path).items():
        with pytest.raises(UnreadablePixels) as refusal:
            read_pixels(path)
        said = opened.page.evaluate(
            """([name, data]) => readImage(new File([bytesOf(data)], name)).then(
                () => "read", (error) => error instanceof Refused ? error.message : `${error}`,
            )""",
            [path.name, base64.b64encode(path.read_bytes()).decode()],
        )
        assert said == str(refusal.value), name


def test_its_neighbours_are_the_nearest_images(opened, results, network):
    from cxr.core.io import read_table
    from cxr.features.tables import feature_matrix

    model, card = network
    files = radiographs(results)[:12]
    found, _ = classify(opened, files)
    table = read_table(results / "features" / "conv5.parquet")
    metric = read_json(results / "similar" / "conv5.search.json")["metric"]
    known = feature_matrix(table)
    known = known[known.any(axis=1)]
    centre = metric_centre(known, metric)
    ids = table["image_id"].to_numpy()[feature_matrix(table).any(axis=1)]
    points = to_points(known - centre, metric)
    for file in files:
        image = canonical(read_grey(file), card["cache_size"], card["square"])[None]
        features = extract_features(model, image, card["image_size"], device="cpu")[0]
        point = to_points(features.astype(np.float64) - centre, metric)
        apart = distances(point, points[None], metric)[0]
        neighbours = found[file.name]["neighbours"]
        np.testing.assert_allclose(
            [distance for _, distance in neighbours], np.sort(apart)[: len(neighbours)], atol=1e-4
        )
        by_id = dict(zip(ids, apart, strict=True))
        for name, distance in neighbours:
            assert by_id[name] == pytest.approx(distance, abs=1e-4)


def test_the_distance_is_that_of_predict(opened, results, network):
    from cxr.core.io import read_array, read_table
    from cxr.features.extract import mean_outputs

    model, card = network
    files = radiographs(results)[:12]
    found, _ = classify(opened, files)
    cohort, pixels = read_table(results / "cohort.parquet"), read_array(results / "images.npy")
    outputs = cohort_outputs(model, card["image_size"], cohort["split"], pixels, 0, "cpu")
    reference = Reference.of(*outputs).distance
    images = np.stack([canonical(read_grey(f), card["cache_size"], card["square"]) for f in files])
    expected = reference.of(mean_outputs(model, images, card["image_size"], device="cpu"))
    ours = [found[file.name]["distance"] for file in files]
    assert np.corrcoef(ours, expected)[0, 1] > 0.95
