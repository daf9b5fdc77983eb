"""The network's page in Chromium, from disk and offline: it says what torch says."""

import base64
import csv
import io

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from PIL import Image

from cxr.core.io import read_json
from cxr.evaluation.gradcam import grad_cam
from cxr.features.extract import extract_features
from cxr.images.canonical import canonical
from cxr.images.decode import read_grey
from cxr.images.dicom import read_pixels
from cxr.images.dicom_header import UnreadablePixels
from cxr.inference.summary import Reference, cohort_outputs
from cxr.networks.weights import load_model
from cxr.similarity.space import distances, metric_centre, to_points
from tests.helpers.dicom import COMPRESSIONS, compress, deep_pixels, write_dicom
from tests.helpers.dicom_files import refused_files, unusual_files
from tests.helpers.study import copy_of

pytestmark = [pytest.mark.browser, pytest.mark.timeout(900)]

STARTED = "body[data-started]"
SHAPES = [(300, 260), (97, 201), (50, 61), (640, 130), (128, 128)]
# What the page has of each image.
FOUND = """() => app.table.results.map((r) => ({
    name: r.name, pixels: [...r.image.pixels], probabilities: r.probabilities,
    calibrated: r.calibrated, predicted: r.predicted, distance: r.distance,
    neighbours: r.neighbours.map((n) => [app.study.images.image_ids[n.image], n.distance]),
    cam: [...enlarged(r.cams, r.camSize, r.predicted, r.image.width)],
}))"""


@pytest.fixture(scope="module")
def study(finished, tmp_path_factory):
    """A finished study with its page and card."""
    place = copy_of(finished, tmp_path_factory.mktemp("app") / "run")
    place.output = place.snakemake("app", "card").stderr
    return place


@pytest.fixture(scope="module")
def results(study):
    return study.path / "results" / "tiny"


@pytest.fixture
def opened(open_page, results):
    """The page, which can't reach a network; at the end it had no error and sent no request."""
    page = open_page(results / "app" / "conv5.html", wait_for=STARTED, offline=True)
    yield page
    assert page.errors == []
    assert page.requests == []


@pytest.fixture(scope="module")
def network(results):
    folder = results / "models" / "conv5"
    return load_model(folder / "model.safetensors", folder / "model.json")


def classify(opened, files):
    """Chooses files and returns what the page has of each, and what it refused, by name."""
    opened.page.set_input_files("#choose", [str(file) for file in files])
    done = f"!app.queue.running && app.queue.done >= {len(files)}"
    opened.wait_until(done, seconds=120)
    refused = opened.page.evaluate("app.queue.refused")
    found = {each["name"]: each for each in opened.page.evaluate(FOUND)}
    return found, {each["name"]: each["reason"] for each in refused}


def radiographs(results):
    """Images of the study's source, PNG and JPEG."""
    folder = results.parent / "sources" / "phantoms" / "images"
    suffixes = (".png", ".jpg", ".jpeg")
    found = sorted(path for path in folder.glob("case-*") if path.suffix in suffixes)
    assert {path.suffix for path in found} >= {".png", ".jpg"}
    return found


def dicoms(folder, rng):
    """DICOM files as hospitals have them, by what is special."""
    deep, plain = deep_pixels(rng), (255 * rng.random((70, 80))).astype(np.uint8)
    twelve = {"BitsStored": 12, "HighBit": 11}
    files = {
        "plain": write_dicom(folder / "plain.dcm", plain),
        "inverse": write_dicom(
            folder / "inverse.dcm", plain, PhotometricInterpretation="MONOCHROME1"
        ),
        "window": write_dicom(
            folder / "window.dcm", deep, WindowCenter=1500, WindowWidth=2000, **twelve
        ),
        "rescaled": write_dicom(
            folder / "rescaled.dcm",
            deep,
            **twelve,
            **{"RescaleSlope": 2, "RescaleIntercept": -1000},
            **{"WindowCenter": 2500, "WindowWidth": 5000},
        ),
        "sigmoid": write_dicom(
            folder / "sigmoid.dcm",
            deep,
            **{"WindowCenter": 1900, "WindowWidth": 1500, "VOILUTFunction": "SIGMOID"},
        ),
        "signed": write_dicom(
            folder / "signed.dcm", (deep.astype(np.int32) - 2000).astype(np.int16)
        ),
        "colour": write_dicom(folder / "colour.dcm", np.stack([plain, plain // 2, plain], axis=2)),
    }
    for name in COMPRESSIONS:
        for kind in ("plain", "window"):
            target = folder / f"{name} {kind}.dcm"
            files[f"{name} {kind}"] = compress(files[kind], name, target)
    return files


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


def test_what_it_says_first_is_that_it_is_no_medical_device(opened):
    first = opened.page.inner_text("header")
    assert "For research only. This is no medical device" in first
    assert "never tested on images of a hospital" in first
    assert opened.page.locator(".notice").bounding_box()["y"] < 250
    opened.page.click("#card summary")
    card = opened.page.inner_text("#card")
    for words in ("Classes by source", "Confounding", "phantoms", "sensitivity at the threshold"):
        assert words in card


def test_bad_files_are_named_with_a_reason_and_the_page_goes_on(opened, results, tmp_path, rng):
    good = radiographs(results)[0]
    whole = write_dicom(tmp_path / "whole.dcm", deep_pixels(rng)).read_bytes()
    deep = unusual_files(tmp_path, rng)["JPEG of 12 bits"].read_bytes()
    header = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + (20000).to_bytes(4) + (10000).to_bytes(4)
    script = b"<script>document.body.dataset.ran = 1</script>"
    bad = {
        "notes.txt": (b"some words\n", "a text file"),
        "empty.png": (b"", "empty"),
        "huge.png": (
            header + b"\x08\0\0\0\0" + bytes(64) + b"\0\0\0\x01IDATx" + bytes(4),
            "100 million",
        ),
        "cut.dcm": (whole[: len(whole) // 2], "truncated or damaged"),
        "cut jpeg.dcm": (deep[: len(deep) - 200], "truncated or damaged"),
        "cut.png": (radiographs(results)[0].read_bytes()[:900], "truncated or damaged"),
        "drawing.svg": (b"<svg xmlns='http://www.w3.org/2000/svg'>" + script, "an SVG drawing"),
        "page.png": (b"<!doctype html>" + script, "a web page"),
        "<b onclick=alert(1)>.png": (b"\0\1\2\3", "not an image"),
    }
    for name, (content, _) in bad.items():
        (tmp_path / name).write_bytes(content)
    found, refused = classify(opened, [*(tmp_path / name for name in bad), good])
    assert set(found) == {good.name}
    assert set(refused) == set(bad)
    for name, (_, reason) in bad.items():
        assert reason in refused[name]
    shown = opened.page.inner_text("#refused")
    assert "9 files could not be used" in shown
    assert opened.page.evaluate("document.body.dataset.ran") is None
    assert opened.page.locator("b").count() == 0


def test_a_photograph_is_said_to_be_in_colour(opened, tmp_path, rng):
    pixels = np.zeros((90, 90, 3), np.uint8)
    pixels[..., 0], pixels[:45, :, 1] = 200, 120
    Image.fromarray(pixels).save(tmp_path / "photo.jpg", quality=95)
    classify(opened, [tmp_path / "photo.jpg"])
    assert "A picture in colour" in opened.page.inner_text("#detail")


def test_text_that_the_study_paints_over_is_said_to_be_left(opened, results):
    opened.page.evaluate("app.study.model.hide_text = true")
    classify(opened, radiographs(results)[:1])
    assert "Words or markers on it were not painted over" in opened.page.inner_text("#detail")


def test_five_hundred_images_at_once(opened, results, tmp_path):
    data = radiographs(results)[0].read_bytes()
    files = [tmp_path / f"{number:03d}.png" for number in range(500)]
    for file in files:
        file.write_bytes(data)
    opened.page.set_input_files("#choose", [str(file) for file in files])
    opened.wait_until("app.table.results.length > 3", seconds=60)
    assert opened.page.locator("#stop").is_visible()
    # The page listens while it works.
    opened.page.locator("#table button").nth(2).click()
    assert opened.page.inner_text("#detail h2") == "002.png"
    opened.wait_until("!app.queue.running", seconds=240)
    assert opened.page.evaluate("app.table.results.length") == 500


def test_the_table_is_saved_as_csv_that_runs_no_formula(opened, results, tmp_path):
    hostile = tmp_path / "=1+1,x.png"
    hostile.write_bytes(radiographs(results)[0].read_bytes())
    (tmp_path / "@bad.txt").write_text("words")
    classify(opened, [hostile, tmp_path / "@bad.txt"])
    with opened.page.expect_download() as download:
        opened.page.click("#save")
    text = download.value.path().read_bytes().decode()
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    assert [row["file"] for row in rows] == ["'=1+1,x.png", "'@bad.txt"]
    assert rows[0]["predicted"] in read_json(results / "models/conv5/model.json")["classes"]
    shares = [float(rows[0][name]) for name in rows[0] if name.startswith("calibrated_")]
    assert sum(shares) == pytest.approx(1, abs=1e-4)
    assert "a text file" in rows[1]["reason"]


def test_everything_can_be_done_by_keyboard(opened, results):
    page = opened.page
    classify(opened, radiographs(results)[:3])
    page.focus("#table button")
    page.keyboard.press("ArrowDown")
    names = [each["name"] for each in page.evaluate("app.table.results.map(({name}) => ({name}))")]
    assert page.inner_text("#detail h2") == names[1]
    page.focus("#detail input[type=range]")
    before = page.evaluate("app.detail.canvas.toDataURL()")
    for _ in range(20):
        page.keyboard.press("ArrowLeft")
    assert page.evaluate("app.detail.canvas.toDataURL()") != before
    page.focus("#choose")
    outline = "getComputedStyle(document.querySelector('.choose')).outlineStyle"
    assert page.evaluate(outline) == "solid"
    page.focus("#clear")
    page.keyboard.press("Enter")
    assert page.locator("#detail").is_hidden()


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1400])
def test_it_is_accessible_and_fits_in_both_themes(theme, width, open_page, results):
    path = results / "app" / "conv5.html"
    opened = open_page(path, width=width, wait_for=STARTED, color_scheme=theme)
    classify(opened, radiographs(results)[:3])
    opened.page.click("#card summary")
    assert opened.page.evaluate("document.documentElement.scrollWidth") <= width
    found = Axe().run(opened.page).response["violations"]
    assert [(each["id"], [node["html"] for node in each["nodes"]][:3]) for each in found] == []


def test_without_webassembly_it_says_so(open_page, results, chromium):
    context = chromium.new_context()
    context.add_init_script("delete globalThis.WebAssembly")
    page = context.new_page()
    page.goto((results / "app" / "conv5.html").as_uri())
    page.wait_for_selector("body[data-failed]")
    assert "no WebAssembly" in page.inner_text("#status")
    context.close()


def test_short_memory_is_said_and_the_page_goes_on(opened, results):
    files = radiographs(results)[:2]
    opened.page.evaluate(
        """() => {
            const whole = canonical;
            let calls = 0;
            canonical = (...given) => {
                calls += 1;
                if (calls === 1) throw new RangeError("Array buffer allocation failed");
                return whole(...given);
            };
        }"""
    )
    found, refused = classify(opened, files)
    assert "not enough memory" in refused[files[0].name]
    assert list(found) == [files[1].name]


def test_a_connection_is_refused_by_the_page_itself(open_page, results):
    opened = open_page(results / "app" / "conv5.html", wait_for=STARTED)
    refused = opened.page.evaluate("fetch('https://example.org/').then(() => false, () => true)")
    assert refused
    assert any("connect-src" in error for error in opened.errors)


def test_the_command_ends_with_the_page_and_the_card(study, results):
    assert "Page: file://" in study.output
    assert "works offline" in study.output
    assert "Model card: results/tiny/models/conv5/README.md" in study.output
    card = (results / "models" / "conv5" / "README.md").read_text()
    assert "no medical device" in card
    assert "| COVID-19 | phantoms |" in card
    assert (results / "models" / "conv5" / "model.onnx").is_file()
