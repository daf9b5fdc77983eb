"""The explorer in Chromium: pins, filters, links, selections, two maps, galleries."""

import csv
import io
import json

import numpy as np
import pandas as pd
import pytest
from axe_playwright_python.sync_playwright import Axe
from PIL import Image
from sklearn.metrics import adjusted_rand_score
from sklearn.neighbors import NearestNeighbors

from cxr.core.io import write_json
from tests.helpers.pages import build_page, write_study
from tests.helpers.report_files import path_of

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]

# Elements of the explorer that stick out of it, or whose content is cut; what is cut on
# purpose, names with an ellipsis and what scrolls, is left out.
CLIPPED = """() => {
    const root = document.querySelector('#explorer');
    const right = root.getBoundingClientRect().right + 1;
    const cut = (element) => {
        const style = getComputedStyle(element);
        if (style.textOverflow === 'ellipsis' || style.overflowX !== 'visible') return false;
        return element.clientWidth > 0 && element.scrollWidth > element.clientWidth + 1;
    };
    const scrolls = (element) => element.closest('.scroll, .picture, svg, .hidden');
    return [...root.querySelectorAll('*')]
        .filter((element) => element.getClientRects().length && !scrolls(element))
        .filter((element) => element.getBoundingClientRect().right > right || cut(element))
        .map((element) => element.outerHTML.slice(0, 120));
}"""
STATE = "JSON.stringify(explorer.state())"


@pytest.fixture(scope="module")
def study_page(tmp_path_factory):
    """The page of a made-up study with two networks, a control and a picture of one image."""
    folder = tmp_path_factory.mktemp("explored")
    write_study(folder, np.random.default_rng(2020))
    pictures = path_of(folder, "pictures")
    pictures.mkdir()
    Image.fromarray(np.full((512, 512), 90, np.uint8)).save(pictures / "00000.jpg")
    files = {"i03": "00000.jpg", "i04": "gone.jpg"}
    write_json({"files": files}, pictures / "index.json")
    path = folder / "results" / "s" / "report.html"
    path.write_text(build_page(folder, models=("net", "two")), encoding="utf-8")
    return path


@pytest.fixture
def opened(open_page, study_page):
    """The made-up page; at the end it had no error and sent no request."""
    page = open_page(study_page)
    yield page
    assert page.errors == []
    assert page.requests == []


def pins(opened):
    return opened.page.evaluate("explorer.pins.map((image) => explorer.model.ids[image])")


def test_a_click_pins_shift_adds_and_escape_clears(opened):
    page = opened.page
    page.mouse.click(*opened.place_of(3))
    page.mouse.move(5, 5)
    assert pins(opened) == ["i03"]
    assert "i03" in opened.part("record").inner_text()
    page.keyboard.down("Shift")
    page.mouse.click(*opened.place_of(7))
    page.keyboard.up("Shift")
    assert pins(opened) == ["i03", "i07"]
    assert opened.part("record").locator(".picture").count() == 2
    words = opened.part("record").inner_text()
    assert "patient" in words
    assert "place on the map" in words
    page.mouse.move(5, 5)
    opened.part("canvas").focus()
    page.keyboard.press("Escape")
    assert pins(opened) == []
    assert opened.part("empty").is_visible()


def test_the_wheel_scrolls_the_page_and_zooms_with_ctrl(opened):
    page = opened.page
    page.mouse.move(*opened.place_of(3))
    before = page.evaluate("scrollY")
    page.mouse.wheel(0, 200)
    opened.wait_until(f"scrollY > {before}")
    assert page.evaluate("explorer.map.zoom") == 1
    page.mouse.move(*opened.place_of(3))
    at = page.evaluate("scrollY")
    page.keyboard.down("Control")
    page.mouse.wheel(0, -200)
    page.keyboard.up("Control")
    opened.wait_until("explorer.map.zoom > 1")
    assert page.evaluate("scrollY") == at


def test_filters_and_the_search_leave_the_other_images_out(opened):
    page = opened.page
    page.locator('[data-field="width"] summary').click()
    page.locator('[data-field="width"] [data-end="from"]').fill("15")
    assert opened.part("passing").inner_text() == "5 of 20 images"
    assert page.evaluate("explorer.map.imageAt(...explorer.map.toScreen(3))") != 3
    opened.part("search").fill("I17")
    assert opened.part("passing").inner_text() == "1 of 20 images"
    opened.part("search").press("Enter")
    assert pins(opened) == ["i17"]
    opened.part("select_passing").click()
    assert opened.part("status").inner_text() == "1 image selected"
    opened.part("unfilter").click()
    assert opened.part("passing").inner_text() == "20 images"
    page.locator('[data-field="country"] summary').click()
    page.locator('[data-field="country"] input').check()
    assert opened.part("passing").inner_text() == "20 of 20 images"
    opened.part("search").fill("viral 9")
    assert opened.part("found").locator("li").all_inner_texts() == ["i18", "i19"]


def test_a_link_reproduces_the_view(opened, open_page, study_page):
    page = opened.page
    assert page.evaluate("location.hash") == ""
    opened.part("model").select_option("1")
    opened.part("perplexity").fill("1")
    opened.part("colour").select_option("country")
    opened.part("compare").click()
    opened.part("second_map").select_option("0")
    page.mouse.click(*opened.place_of(5))
    opened.part("legend").locator("button").first.click()
    opened.part("name").fill("mine")
    opened.part("note").fill("why, and where")
    opened.part("save").click()
    opened.part("search").fill("i1")
    opened.part("in").click()
    opened.wait_until("location.hash.length > 1")
    page.wait_for_timeout(1000)
    state = page.evaluate(STATE)
    again = open_page(study_page, view=page.evaluate("location.hash"))
    assert again.page.evaluate(STATE) == state
    assert json.loads(state)["saved"] == [["mine", "why, and where", "0-19"]]
    assert again.part("saved").inner_text().startswith("mine (20)")
    assert again.errors == []


@pytest.mark.parametrize(
    "view",
    [
        "#view=%",
        "#view=[]",
        "#view=7",
        '#view={"model":"gone","pins":[1,"x"],"selection":"9-1,a,99","saved":[1,[]],"tab":"a"}',
        '#view={"filters":{"levels":[["country",7],["gone",["x"]]],"ranges":[["width",1]]}}',
        '#view={"second":["9","9"],"zoom":["a",null,1],"cell":{},"filters":3}',
    ],
)
def test_an_address_that_makes_no_sense_does_no_harm(open_page, study_page, view):
    page = open_page(study_page, view=view)
    assert page.errors == []
    assert page.page.evaluate("explorer.map.colouring.codes.length") == 20


def test_kept_selections_are_exported_with_ids_patients_places_and_fields(opened):
    page = opened.page
    opened.part("colour").select_option("")
    opened.part("legend").locator("button").first.click()
    opened.part("name").fill("first cluster")
    opened.part("note").fill("typical")
    opened.part("save").click()
    entry = opened.part("legend").locator("button").nth(1)
    entry.click(modifiers=["Shift"])
    assert opened.part("status").inner_text() == "19 images selected"
    with page.expect_download() as download:
        opened.part("download").click()
    rows = list(csv.DictReader(io.StringIO(download.value.path().read_text())))
    assert [row["selection"] for row in rows] == ["first cluster"] * 9 + [""] * 19
    assert rows[0] | {"x": "", "y": ""} == {
        "selection": "first cluster",
        "note": "typical",
        "image_id": "i00",
        "patient_id": "viral 0",
        "x": "",
        "y": "",
        "cluster": "1",
        "class": "viral",
        "country": "viral",
        "location": "viral",
        "width": "0",
    }
    with page.expect_download() as download:
        opened.part("download_json").click()
    document = json.loads(download.value.path().read_text())
    assert document["map"]["perplexity"] == 5
    assert [s["name"] for s in document["selections"]] == ["first cluster", ""]
    assert document["selections"][0]["images"][8]["image_id"] == "i08"
    assert abs(document["selections"][0]["images"][0]["x"] - float(rows[0]["x"])) < 1e-9


def test_two_maps_are_linked_and_say_how_much_they_agree(opened):
    page = opened.page
    opened.part("compare").click()
    opened.part("second_model").select_option("1")
    points = page.evaluate("[...explorer.points]")
    page.mouse.click(*opened.place_of(3))
    assert page.evaluate("explorer.comparison.map.pinned") == [3]
    aligned = page.evaluate(
        """() => {
            const found = explorer.comparison.aligned(explorer.model);
            return { ...found, points: [...found.points], labels: [...found.labels] };
        }"""
    )
    assert aligned["images"] == list(range(15))
    rows = aligned["images"]
    labels = np.array(page.evaluate("[...explorer.labels]"))
    index = adjusted_rand_score(labels[rows], np.array(aligned["labels"])[rows])
    near = [
        NearestNeighbors(n_neighbors=10).fit(xy[rows]).kneighbors(return_distance=False)
        for xy in (np.reshape(points, (-1, 2)), np.reshape(aligned["points"], (-1, 2)))
    ]
    share = np.mean([len(set(a) & set(b)) / 10 for a, b in zip(*near, strict=True)])
    words = opened.part("agreement").inner_text()
    assert f"adjusted Rand index of the clusters {index:.2f}" in words
    assert f"{100 * share:.0f}% of the 10 nearest images are shared" in words
    assert opened.part("second_canvas").is_visible()
    opened.part("compare").click()
    assert not opened.part("second_canvas").is_visible()


def test_pins_and_selections_stay_with_another_network(opened):
    opened.page.mouse.click(*opened.place_of(3))
    opened.part("legend").locator("button").first.click()
    opened.part("save").click()
    opened.part("model").select_option("1")
    assert pins(opened) == ["i03"]
    assert opened.page.evaluate("explorer.selection.length") == 20
    assert opened.part("saved").inner_text().startswith("selection 1 (20)")


@pytest.mark.parametrize("height", [800, 1080])
def test_the_map_and_its_grid_are_in_view_together(open_page, study_page, height):
    page = open_page(study_page, width=1400, height=height).page
    page.locator("#explore").evaluate("(title) => title.scrollIntoView()")
    for name in ("canvas", "perplexity", "grid", "record", "legend"):
        box = page.locator(f'#explorer [data-part="{name}"]').evaluate(
            "(part) => { const box = part.getBoundingClientRect(); return [box.top, box.bottom]; }"
        )
        assert box[0] >= 0
        assert box[1] <= height + 1


@pytest.mark.parametrize("seed", range(3))
def test_the_adjusted_rand_index_is_that_of_scikit_learn(opened, seed):
    rng = np.random.default_rng(seed)
    left, right = rng.integers(-1, 4, (2, 60))
    right[:30] = left[:30]
    ours = opened.page.evaluate(
        "([left, right]) => adjustedRand(left, right)", [left.tolist(), right.tolist()]
    )
    assert ours == pytest.approx(adjusted_rand_score(left, right))


def test_clusters_that_were_not_tested_do_not_colour_the_map_at_first(opened):
    assert "not tested" in opened.part("banner").inner_text()
    assert opened.part("colour").input_value() == "class"
    assert not opened.part("candidate").is_visible()
    opened.part("colour").select_option("")
    assert opened.part("candidate").is_visible()


def test_tabs_and_the_grid_are_used_by_keys(opened):
    page = opened.page
    page.get_by_role("tab", name="Image").focus()
    page.keyboard.press("ArrowRight")
    assert opened.part("neighbours").is_visible()
    page.keyboard.press("End")
    assert opened.part("charts").is_visible()
    opened.part("canvas").focus()
    for key in ("n", "n", "Enter", "n", "Shift+Enter"):
        page.keyboard.press(key)
    assert pins(opened) == ["i01", "i02"]
    page.keyboard.press("s")
    assert page.evaluate("explorer.selection") == [2]
    opened.open_tab("Neighbours")
    opened.part("neighbours").locator("button").first.focus()
    page.keyboard.press("Enter")
    assert pins(opened) == ["i00"]


def test_a_picture_of_512_pixels_is_shown_where_there_is_one(opened):
    page = opened.page
    page.mouse.click(*opened.place_of(3))
    picture = opened.part("record").locator("img")
    opened.wait_until("document.querySelector('.picture img').naturalWidth === 512")
    opened.part("picture_in").click()
    assert "scale(1.4)" in picture.get_attribute("style")
    opened.part("record").locator(".picture").focus()
    page.keyboard.press("0")
    assert "scale(1)" in picture.get_attribute("style")


def test_a_thumbnail_stands_in_for_a_picture_that_is_gone(open_page, study_page):
    opened = open_page(study_page)
    opened.page.mouse.click(*opened.place_of(4))
    opened.part("record").locator("canvas").wait_for()
    assert opened.part("record").locator("img").count() == 0


def test_galleries_show_medoids_border_images_and_what_distinguishes_a_cluster(opened):
    galleries = opened.part("galleries")
    first = galleries.locator("section").first
    assert first.locator("h4").inner_text().lower() == "cluster 1"
    assert first.locator(".strip").nth(0).locator("button").count() == 5
    assert "country: viral 100%" in galleries.locator("section").nth(1).inner_text()
    assert "most confident correct" in galleries.inner_text()
    first.locator("button").first.click()
    medoid = opened.page.evaluate("explorer.model.galleries.clusters[0].medoids[0]")
    assert opened.page.evaluate("explorer.pins") == [medoid]


def test_the_grid_has_one_scale_for_all_maps(opened):
    words = opened.part("grid").locator("text").all_text_contents()
    assert "3 best" in words
    assert "70" in words
    opened.part("method").select_option("pca")
    assert opened.part("grid").locator("text").all_text_contents()[-3:] == words[-3:]


@pytest.mark.parametrize("width", [390, 1024, 1400, 1920, 2560])
def test_nothing_is_clipped(open_page, study_page, width):
    opened = open_page(study_page, width=width)
    page = opened.page
    opened.part("compare").click()
    page.mouse.click(*opened.place_of(3))
    opened.part("legend").locator("button").first.click()
    opened.part("save").click()
    for name in ("Image", "Neighbours", "Selection", "Clusters"):
        opened.open_tab(name)
        assert page.evaluate(CLIPPED) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_explorer_is_accessible(open_page, study_page, scheme):
    opened = open_page(study_page, color_scheme=scheme, bypass_csp=True)
    opened.part("compare").click()
    opened.page.mouse.click(*opened.place_of(3))
    opened.part("legend").locator("button").first.click()
    for details in opened.page.locator("#explorer details").all():
        details.evaluate("(element) => { element.open = true; }")
    for name in ("Image", "Neighbours", "Selection", "Clusters"):
        opened.open_tab(name)
        violations = Axe().run(opened.page, context="#explorer").response["violations"]
        found = [(v["id"], [node["html"][:120] for node in v["nodes"]][:4]) for v in violations]
        assert found == []


def test_both_themes_have_colours_of_their_own(open_page, study_page):
    shown = {}
    for scheme in ("light", "dark"):
        page = open_page(study_page, color_scheme=scheme).page
        shown[scheme] = page.evaluate("explorer.map.colouring.groups[0].colour")
    assert len(set(shown.values())) == 2
    assert pd.Series(shown).str.match("#[0-9a-f]{6}").all()
