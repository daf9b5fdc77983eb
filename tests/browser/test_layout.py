"""The page in Chromium around its explorer: menu, tables, figures, terms, and paper."""

import csv
import io
from xml.etree import ElementTree

import numpy as np
import pytest

from cxr.core.cells import to_cell
from tests.helpers.pages import HOSTILE, TAGGED, build_page, write_study

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]

WIDTHS = (390, 1400, 1920, 2560)
A4 = 688  # pixels between its margins
OPEN_ALL = "() => document.querySelectorAll('details').forEach((d) => { d.open = true; })"
# What is cut off without a way to scroll there, or sticks out of the page.
CLIPPED = """() => {
    const width = document.documentElement.clientWidth;
    const bad = [];
    for (const element of document.querySelectorAll('body *')) {
        if (!element.getClientRects().length || element.closest('#explorer, .hidden')) continue;
        const style = getComputedStyle(element);
        const cut = ['hidden', 'clip'].includes(style.overflowX);
        const box = element.getBoundingClientRect();
        const out = box.right > width + 1 && !element.closest('.scroll, .view, pre');
        if ((cut && element.scrollWidth > element.clientWidth + 1) || out)
            bad.push([element.tagName, element.className, element.textContent.slice(0, 40)]);
    }
    return bad;
}"""
IN_SIGHT = """(element) => {
    const box = element.getBoundingClientRect();
    return box.top >= 0 && box.bottom <= window.innerHeight + 1;
}"""


def write_pages(folder, text, models):
    write_study(folder, np.random.default_rng(2020), text, TAGGED)
    path = folder / "report.html"
    path.write_text(build_page(folder, text, TAGGED, models), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    """The page of a made-up study with every part and two models."""
    return write_pages(tmp_path_factory.mktemp("layout"), "viral", ("one", "two"))


@pytest.fixture
def opened(open_page, path):
    page = open_page(path)
    yield page
    assert page.errors == []
    assert page.requests == []


def table_of(page, file):
    return page.locator(f'main table[data-file="{file}"]')


def cells_of(table, column):
    return table.locator(f"tbody tr > :nth-child({column})").all_inner_texts()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS)
def test_nothing_is_cut_off(open_page, path, width, scheme):
    page = open_page(path, width=width, color_scheme=scheme).page
    page.evaluate(OPEN_ALL)
    assert page.evaluate(CLIPPED) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_the_menu_stays_in_sight_and_marks_the_section(opened):
    page = opened.page
    link = page.locator('.menu a[href="#glossary"]')
    link.click()
    opened.wait_until("document.querySelector('.menu a[href=\"#glossary\"][aria-current]')")
    assert link.evaluate(IN_SIGHT)
    assert page.locator("#glossary").evaluate(IN_SIGHT)
    assert page.locator(".menu [aria-current]").count() == 1


def test_on_a_phone_the_menu_opens_and_closes_by_keys(open_page, path):
    opened = open_page(path, width=390, height=844)
    page = opened.page
    toggle = page.locator(".menu-toggle")
    sections = page.locator('[data-part="sections"]')
    assert not sections.is_visible()
    toggle.focus()
    page.keyboard.press("Enter")
    assert sections.is_visible()
    assert toggle.get_attribute("aria-expanded") == "true"
    page.keyboard.press("Escape")
    assert not sections.is_visible()
    page.mouse.wheel(0, 5000)
    opened.wait_until("scrollY > 1000")
    assert toggle.evaluate(IN_SIGHT)


def test_a_search_finds_terms_and_tables_inside_what_is_closed(opened):
    page = opened.page
    search = page.locator('.menu [data-part="search"]')
    for words, target in (("spearman", "dt"), ("operating thresholds", "caption")):
        search.fill(words)
        hit = page.locator('[data-part="hits"] a').first
        shown = page.locator(f"{target}{hit.get_attribute('href')}")
        hit.focus()
        page.keyboard.press("Enter")
        assert shown.is_visible()
        assert shown.evaluate(IN_SIGHT)
    search.fill("no such words")
    assert page.locator('[data-part="count"]').inner_text() == "0 results"


def test_one_model_or_all_are_shown_and_the_explorer_follows(opened):
    page = opened.page
    shown = page.locator('[data-part="shown-model"]')
    answers = page.locator(".summary [data-model]")
    assert [each.is_visible() for each in answers.all()] == [True, False]
    shown.select_option("1")
    assert [each.is_visible() for each in answers.all()] == [False, True]
    assert opened.part("model").input_value() == "1"
    shown.select_option("all")
    assert [each.is_visible() for each in answers.all()] == [True, True]


def test_a_table_is_sorted_by_keys_and_back(opened):
    table = table_of(opened.page, "comparison-study").first
    before, heading = cells_of(table, 1), table.locator("thead th").nth(2)
    for order in ("ascending", "descending", None):
        heading.locator(".sort").focus()
        opened.page.keyboard.press("Enter")
        assert heading.get_attribute("aria-sort") == order
        values = [float(text.split()[0]) for text in cells_of(table, 3)]
        if order:
            assert values == sorted(values, reverse=order == "descending")
    assert cells_of(table, 1) == before


def test_numbers_in_words_are_sorted_as_numbers(opened):
    texts = ["1,049", "0.91 (0.86 to 0.95)", "43.8%", "< 0.001", "+1.4 (-0.3 to +3.1) points", "x"]
    keys = [1049, 0.91, 43.8, 0.001, 1.4, "x"]
    assert opened.page.evaluate("(texts) => texts.map(sortKey)", texts) == keys


def test_a_long_table_shows_its_first_rows_and_all_on_demand(opened):
    table = table_of(opened.page, "table-1")
    assert table.locator("tbody tr:visible").count() == table.locator("tbody tr").count()
    folded = opened.page.locator("table.folded:visible").first
    rows = folded.locator("tbody tr")
    assert 0 < folded.locator("tbody tr:visible").count() < rows.count()
    button = folded.locator("xpath=ancestor::div[1]/following-sibling::div[1]").get_by_role(
        "button", name="Show all"
    )
    button.click()
    assert (
        opened.page.locator("table.folded:visible").count()
        < opened.page.locator(".table-tools [aria-expanded]:visible").count()
    )


def test_a_table_is_saved_as_csv_with_marked_formulas(opened):
    page = opened.page
    table = table_of(page, "table-1")
    table.locator("tbody th").first.evaluate("(cell) => { cell.textContent = '=1+1'; }")
    with page.expect_download() as download:
        page.get_by_role("button", name="Download as CSV: Recorded fields by class").click()
    assert download.value.suggested_filename == "s.table-1.csv"
    rows = list(csv.reader(io.StringIO(download.value.path().read_text())))
    assert rows[0][:2] == ["field", "value"]
    assert rows[1][0] == to_cell("=1+1")
    assert len(rows) == 1 + table.locator("tbody tr").count()


def test_a_figure_is_saved_as_svg(opened):
    with opened.page.expect_download() as download:
        opened.page.get_by_role("button", name="Download as SVG: Flow diagram").click()
    assert download.value.suggested_filename.endswith(".svg")
    assert ElementTree.fromstring(download.value.path().read_text()).tag.endswith("svg")


def test_a_statistic_is_explained_where_it_stands(opened):
    term = opened.page.locator("section:has(> #classification) .term").first
    term.focus()
    tip = opened.page.get_by_role("tooltip")
    entry = opened.page.locator(f"{term.get_attribute('href')} + dd")
    assert tip.text_content() == entry.text_content()
    opened.page.keyboard.press("Escape")
    assert not tip.is_visible()


def test_on_paper_all_is_open_and_every_table_whole(open_page, path):
    page = open_page(path, width=A4).page
    assert page.pdf(prefer_css_page_size=True).startswith(b"%PDF")
    page.emulate_media(media="print")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    wide = "e => e.filter((box) => box.scrollWidth > box.clientWidth + 1).length"
    assert page.locator("main .scroll").evaluate_all(wide) == 0
    hidden = "e => e.filter((row) => !row.getClientRects().length).length"
    assert page.locator("main > section:not(#explorer) tbody tr").evaluate_all(hidden) == 0
    assert not page.locator(".menu").is_visible()
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert page.locator("main details[open]").count() == 0


@pytest.mark.parametrize("text", [HOSTILE, "a" * 2_000])
def test_any_text_stays_text_in_every_part(open_page, tmp_path, text):
    opened = open_page(write_pages(tmp_path, text, ("net",)))
    page = opened.page
    page.evaluate(OPEN_ALL)
    page.locator('.menu [data-part="search"]').fill(text[:20])
    assert page.locator('[data-part="hits"] a').count() > 0
    assert text in table_of(page, "table-1").inner_text()
    assert page.locator("main img:not(figure img)").count() == 0
    assert page.evaluate("document.documentElement.scrollWidth") <= 1400
    assert opened.errors == []
    assert opened.requests == []
