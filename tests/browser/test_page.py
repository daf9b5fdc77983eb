"""The report in Chromium: it works, it loads nothing, and hostile text stays text."""

import csv
import io

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from PIL import Image

from cxr.core.cells import to_cell
from tests.helpers.pages import HOSTILE, write_large_page, write_page

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]

# Pairs of neighbouring elements that cover one another.
OVERLAPS = """() => {
    const parents = '.controls, .tools, .facts, .lights, .frame, .middle, .maps, .charts, ' +
        '.gallery, nav ul, main, body';
    const visible = (element) =>
        element.getClientRects().length && getComputedStyle(element).position !== 'absolute';
    const overlaps = [];
    for (const parent of document.querySelectorAll(parents)) {
        const boxes = [...parent.children].filter(visible).map((e) => e.getBoundingClientRect());
        boxes.forEach((a, i) => boxes.slice(i + 1).forEach((b) => {
            const wide = Math.min(a.right, b.right) - Math.max(a.left, b.left);
            const high = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
            if (wide > 1 && high > 1) overlaps.push([parent.className, a.top, b.top]);
        }));
    }
    return overlaps;
}"""
# Frames a second while every frame zooms.
FRAMES = """async () => {
    const start = performance.now();
    let frames = 0;
    while (performance.now() - start < 2000) {
        explorer.map.zoomBy(frames % 60 < 30 ? 1.05 : 1 / 1.05, 300, 200);
        await new Promise(requestAnimationFrame);
        frames += 1;
    }
    return frames / 2;
}"""
# Milliseconds in which a frame is painted at each of several zooms: the median.
PAINTING = """() => {
    const times = Array.from({ length: 61 }, (_, frame) => {
        explorer.map.zoom = 1 + (frame % 30) / 15;
        const start = performance.now();
        explorer.map.paint();
        return performance.now() - start;
    });
    return times.sort((a, b) => a - b)[30];
}"""
# Whether a canvas holds grey values.
GREY = """(canvas) => canvas.getContext('2d')
    .getImageData(0, 0, canvas.width, canvas.height).data.some((v) => v > 0 && v < 255)"""


@pytest.fixture
def report(finished):
    return finished.path / "results" / "tiny" / "report.html"


@pytest.fixture
def opened(open_page, report):
    """The tiny study's page; at the end it had no error and sent no request."""
    tiny = open_page(report)
    yield tiny
    assert tiny.errors == []
    assert tiny.requests == []


def settle(page):
    """Waits until the map stands still."""
    page.wait_for_timeout(500)


def test_it_loads_with_the_study_on_its_first_screen(opened):
    page = opened.page
    assert page.locator("h1").is_visible()
    first = page.locator(".answer .first")
    assert first.inner_text().startswith(("Yes:", "No:", "No clusters:", "Inconclusive:"))
    assert page.locator(".lights a").all_inner_texts() == [
        *("Significance", "Separation", "Stability", "Association", "Confounding", "Model quality")
    ]
    assert page.locator(".facts > div").count() == 5
    for part in (first, page.locator(".light").last):
        assert part.bounding_box()["y"] < page.viewport_size["height"]
    broken = "() => [...document.images].filter((i) => !i.complete || !i.naturalWidth).length"
    assert page.evaluate(broken) == 0


def test_colours_follow_the_selected_field(opened):
    names = opened.part("legend").locator(".name")
    opened.part("colour").select_option("")
    assert names.first.inner_text() == "cluster 1"
    opened.part("colour").select_option("class")
    assert set(names.all_inner_texts()) == {"COVID-19", "viral"}
    opened.part("colour").select_option("probability")
    assert " to " in names.first.inner_text()
    counts = opened.part("legend").locator(".count").all_inner_texts()
    assert sum(map(int, counts)) == opened.page.evaluate("explorer.model.ids.length")


def test_the_record_of_an_image_is_shown_where_the_pointer_is(opened):
    opened.page.mouse.move(*opened.place_of(3))
    record = opened.part("record")
    image_id = opened.page.evaluate("explorer.model.ids[3]")
    assert image_id in record.inner_text()
    picture = record.locator("img").first
    assert picture.get_attribute("alt") == image_id
    opened.page.wait_for_timeout(300)
    assert picture.evaluate("(picture) => picture.naturalWidth") == 512


def test_the_most_similar_images_are_shown_where_the_pointer_is(opened):
    opened.page.mouse.click(*opened.place_of(3))
    opened.open_tab("Neighbours")
    shown = opened.part("neighbours").locator("li button")
    nearest = opened.page.evaluate("explorer.model.nearest(3)")
    assert shown.count() == len(nearest) == 8
    assert 3 not in [neighbour["image"] for neighbour in nearest]
    distances = [neighbour["distance"] for neighbour in nearest]
    assert distances == sorted(distances)
    first = opened.page.evaluate("explorer.model.ids[explorer.model.nearest(3)[0].image]")
    assert shown.first.get_attribute("title") == first
    assert shown.first.locator("canvas").evaluate(GREY)
    assert opened.page.evaluate("explorer.map.neighbours.length") == 8


def test_a_lasso_selects_and_the_selection_can_be_downloaded(opened):
    page = opened.page
    opened.part("lasso").click()
    box = opened.part("canvas").bounding_box()
    left, top = box["x"] + 3, box["y"] + 3
    right, bottom = left + box["width"] - 6, top + box["height"] - 6
    page.mouse.move(left, top)
    page.mouse.down()
    for x, y in ((right, top), (right, bottom), (left, bottom)):
        page.mouse.move(x, y, steps=4)
    page.mouse.up()
    images = page.evaluate("explorer.model.ids.length")
    assert opened.part("status").inner_text() == f"{images} images selected"
    assert opened.part("pictures").locator("canvas").count() == images
    assert "country of the selection" in opened.part("composition").inner_text().lower()
    with page.expect_download() as download:
        opened.part("download").click()
    text = download.value.path().read_text()
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [row["image_id"] for row in rows] == page.evaluate("explorer.model.ids")
    assert set(rows[0]) >= {"cluster", "class", "country", "probability"}
    opened.part("clear").click()
    assert not opened.part("selection").is_visible()


def test_cells_of_a_download_are_marked_as_those_of_the_results(opened):
    texts = [
        "=1",
        "'=1",
        "-1",
        "-1.5",
        "-a.png",
        "-inf",
        "\t1",
        "a; =1",
        "a;'b",
        " \ufeff＝1",
        "a,=1",
    ]
    cells = [opened.page.evaluate("text => quoted(text)", text) for text in texts]
    assert [next(csv.reader([cell])) for cell in cells] == [[to_cell(text)] for text in texts]
    assert opened.page.evaluate("quoted(-1e-9)") == "-1e-9"


def test_a_colour_of_the_legend_selects_its_images(opened):
    entry = opened.part("legend").locator("button").first
    count = entry.locator(".count").inner_text()
    entry.click()
    assert opened.part("status").inner_text().startswith(f"{count} image")


def test_the_slider_and_the_method_change_the_map(opened):
    before = opened.place_of(0)
    assert opened.part("shown").inner_text() == "the study's selected clusters"
    slider = opened.part("perplexity")
    other = "0" if slider.input_value() != "0" else "1"
    slider.fill(other)
    settle(opened.page)
    assert opened.place_of(0) != before
    assert opened.part("shown").inner_text() == "clusters other than the study's selected ones"
    opened.part("method").select_option("pca")
    assert slider.is_disabled()
    assert "PCA" in opened.part("canvas").get_attribute("aria-label")


def test_a_cell_of_the_grid_is_shown_and_others_say_why_not(opened):
    stored = opened.part("grid").locator("rect.stored")
    if stored.count() > 1:
        stored.last.click()
        assert "Shown on the map." in opened.part("cell").inner_text()
    opened.part("grid").locator("rect.out").first.click()
    assert "does not qualify" in opened.part("cell").inner_text()
    opened.part("grid").focus()
    opened.page.keyboard.press("ArrowRight")
    assert opened.part("cell").inner_text().startswith("eps ")
    opened.page.locator("#explorer details:has([data-part=cells]) summary").click()
    opened.part("cells").locator("tbody tr").nth(1).wait_for()


def test_the_map_can_be_used_by_keys_alone(opened):
    page = opened.page
    opened.part("canvas").focus()
    page.keyboard.press("n")
    assert page.evaluate("explorer.model.ids[0]") in opened.part("record").inner_text()
    zoom = page.evaluate("explorer.map.zoom")
    page.keyboard.press("+")
    page.keyboard.press("ArrowLeft")
    assert page.evaluate("explorer.map.zoom") > zoom
    page.keyboard.press("0")
    assert page.evaluate("explorer.map.zoom") == 1


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1400, 390])
def test_nothing_overlaps_or_sticks_out(open_page, report, width, scheme):
    page = open_page(report, width=width, color_scheme=scheme).page
    assert page.evaluate(OVERLAPS) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    shot = np.asarray(Image.open(io.BytesIO(page.screenshot(full_page=True))).convert("L"))
    assert shot.std() > 10
    assert (np.median(shot) < 90) == (scheme == "dark")
    canvas = Image.open(io.BytesIO(page.locator('[data-part="canvas"]').screenshot()))
    assert len(canvas.convert("RGB").getcolors(2**20)) > 20


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_is_accessible(open_page, report, scheme):
    page = open_page(report, color_scheme=scheme, bypass_csp=True).page
    for details in page.locator("details").all():
        details.evaluate("(element) => { element.open = true; }")
    settle(page)
    violations = Axe().run(page).response["violations"]
    found = [(v["id"], [node["html"][:120] for node in v["nodes"]][:4]) for v in violations]
    assert found == []


@pytest.mark.parametrize("text", [HOSTILE, "</script><script>pwned=1</script>", "a" * 10_000])
def test_hostile_text_stays_text(open_page, tmp_path, rng, text):
    path = tmp_path / "report.html"
    path.write_text(write_page(tmp_path, rng, text), encoding="utf-8")
    opened = open_page(path)
    opened.part("colour").select_option("country")
    opened.open_tab("Clusters")
    opened.part("field").select_option("location")
    opened.page.mouse.click(*opened.place_of(3))
    opened.part("legend").locator("button").first.click()
    opened.part("name").fill(text)
    opened.part("note").fill(text)
    opened.part("save").click()
    opened.part("search").fill(text[:200])
    assert opened.part("passing").inner_text() == "20 of 20 images"
    opened.part("compare").click()
    shown = opened.part("record").inner_text()
    assert text[:200] in shown
    assert opened.page.evaluate("typeof pwned") == "undefined"
    assert opened.page.evaluate("document.querySelectorAll('#explorer img').length") == 0
    assert opened.page.evaluate("document.documentElement.scrollWidth") <= 1400
    assert opened.errors == []
    assert opened.requests == []


def test_each_network_has_its_maps(open_page, tmp_path, rng):
    path = tmp_path / "report.html"
    path.write_text(write_page(tmp_path, rng, models=("one", "two")), encoding="utf-8")
    opened = open_page(path)
    opened.page.mouse.move(*opened.place_of(3))
    opened.part("model").select_option("two")
    assert opened.page.evaluate("explorer.model.name") == "two"
    assert opened.part("record").inner_text() == ""
    opened.page.mouse.move(*opened.place_of(5))
    assert "i05" in opened.part("record").inner_text()
    assert opened.errors == []


def test_formulas_in_a_download_are_marked_as_text(opened):
    cells = ["=1+1", "@x", "+1", "-a", "-1.5", 'a "b", c', "plain"]
    assert opened.page.evaluate("(cells) => cells.map(quoted)", cells) == [
        "'=1+1",
        "'@x",
        "'+1",
        "'-a",
        "-1.5",
        '"a ""b"", c"',
        "plain",
    ]


# Images by cluster in the list, by a field in the legend, and in the charts of a field.
COUNTS = """() => {
    const sum = (selector, pattern) => [...document.querySelectorAll(`#explorer ${selector}`)]
        .map((element) => Number(element.textContent.match(pattern)[1].replaceAll(",", "")))
        .reduce((total, count) => total + count, 0);
    const { colour, field } = explorer.parts;
    colour.value = "location";
    colour.dispatchEvent(new Event("change"));
    field.value = "offset_days";
    field.dispatchEvent(new Event("change"));
    return [
        sum("[data-part=cluster_list] .count", /([\\d,]+)/),
        sum("[data-part=legend] .count", /([\\d,]+)/),
        sum("[data-part=charts] caption", /n = ([\\d,]+)/),
    ];
}"""


@pytest.mark.timed
@pytest.mark.parametrize("n_images", [50_000, 400_000])
def test_pages_of_many_images_are_small_and_quick(open_page, tmp_path, rng, n_images):
    path = tmp_path / "report.html"
    path.write_text(write_large_page(tmp_path, rng, n_images), encoding="utf-8")
    assert path.stat().st_size <= 6_000_000
    opened = open_page(path)
    rendered = opened.page.evaluate("performance.getEntriesByName('rendered')[0].startTime")
    assert rendered < 2000
    assert opened.page.evaluate(PAINTING) <= 1000 / 60
    assert opened.page.evaluate(FRAMES) >= 45
    text = opened.page.locator("#explorer").inner_text()
    assert "a sample of the images has thumbnails" in text
    assert ("of 400,000 images (12.5%), drawn at random" in text) == (n_images > 50_000)
    counts = opened.page.evaluate(COUNTS)
    assert len(counts) == 3
    assert set(counts) == {n_images}
    assert opened.errors == []


def test_features_without_metadata_can_be_explored(open_page, tmp_path, rng):
    path = tmp_path / "report.html"
    path.write_text(write_page(tmp_path, rng, recorded=False), encoding="utf-8")
    opened = open_page(path)
    opened.page.mouse.move(*opened.place_of(3))
    opened.part("legend").locator("button").first.click()
    names = opened.part("record").locator("th").all_inner_texts()
    assert names == ["image", "cluster", "place on the map"]
    assert opened.part("selection").is_visible()
    assert opened.part("composition").inner_text() == ""
    assert opened.errors == []
