"""The network's page in a visitor's hands: what it says first, bad files, keyboard, phone."""

import csv
import io

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from PIL import Image

from cxr.core.io import read_json
from tests.helpers.app_page import STARTED, classify, radiographs
from tests.helpers.dicom import deep_pixels, write_dicom
from tests.helpers.dicom_files import unusual_files

pytestmark = [pytest.mark.browser, pytest.mark.timeout(900)]


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
