"""Snakemake's own report of a study, whole: what it lists is labelled, explained and opens."""

import re
import zipfile
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.helpers.study import copy_of

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]

# Of Snakemake's page, whose style is written by a script that says so.
KNOWN = "cdn.tailwindcss.com should not be used in production"
LINK = re.compile(r'(?:href|src)="(?!data:|https?:|blob:|mailto:)([^"#]*)(?:#([^"]*))?"')
ID = re.compile(r'\sid="([^"]+)"')


@pytest.fixture(scope="module")
def folder(finished, tmp_path_factory):
    """The report, unpacked."""
    base = tmp_path_factory.mktemp("report")
    place = copy_of(finished, base / "run")
    place.snakemake("--report", "report.zip")
    with zipfile.ZipFile(place.path / "report.zip") as archive:
        archive.extractall(base / "unpacked")
    return base / "unpacked" / "report"


@pytest.fixture
def opened(open_page, folder):
    """Its first page."""
    opened = open_page(folder / "report.html", wait_for="text=RESULTS")
    assert opened.page.evaluate("isNoResults") is False
    return opened


def test_every_figure_and_table_has_a_category_labels_and_a_caption(opened, folder, finished):
    results, categories = (opened.page.evaluate(name) for name in ("results", "categories"))
    study = finished.path / "results" / "tiny"
    figures = {path.relative_to(finished.path).as_posix() for path in study.rglob("figures/*.svg")}
    tables = {
        path.relative_to(finished.path).as_posix() for path in study.rglob("tables/**/*.html")
    }
    assert set(results) == figures | tables | {"results/tiny/report.html"}
    listed = [
        path for category in categories.values() for part in category.values() for path in part
    ]
    assert sorted(listed) == sorted(results)
    assert all(re.match(r"\d ", name) for name in categories)
    for path, result in results.items():
        assert result["labels"], path
        assert all(value and "{" not in value for value in result["labels"].values()), path
        words = re.sub(r"<[^>]+>", " ", result["caption"])
        assert len(words.split()) >= 8, path
        assert not re.search(r"system-message|\{\{|\{%", result["caption"]), path
        assert (folder / result["data_uri"]).stat().st_size > 200, path
    # Two of one category with the same labels could not be told apart.
    for category in categories.values():
        labels = [str(results[path]["labels"]) for part in category.values() for path in part]
        assert len(set(labels)) == len(labels)


def test_every_figure_shows_when_it_is_opened_and_no_request_leaves(opened, folder):
    page = opened.page
    results, categories = (page.evaluate(name) for name in ("results", "categories"))
    for category, parts in categories.items():
        page.get_by_text(category, exact=True).click()
        rows = page.locator("table tr:has(td)")
        paths = [path for part in parts.values() for path in part]
        expect(rows).to_have_count(len(paths))
        shown = rows.all_inner_texts()
        for path in paths:
            labels = results[path]["labels"].values()
            assert any(all(value in text for value in labels) for text in shown), path
            if path.endswith(".svg"):
                (row,) = [n for n, text in enumerate(shown) if has(text, labels)]
                rows.nth(row).locator("a").first.click()
                image = page.locator(f'img[src$="{results[path]["name"]}"]')
                image.wait_for()
                assert image.evaluate("image => image.naturalWidth") > 100, path
        page.get_by_text("Results", exact=True).click()
    assert [error for error in opened.errors if KNOWN not in error] == []
    assert [url for url in opened.requests if not url.startswith(folder.as_uri())] == []


def has(text, labels):
    """Whether a row shows these labels and no other."""
    return sorted(text.split("\t")[: len(labels)]) == sorted(labels)


def test_the_pages_in_it_open_and_no_link_is_broken(open_page, folder):
    pages = sorted(path for path in (folder / "data").rglob("*.html"))
    assert {"report.html", "conv5.html"} <= {path.name for path in pages}
    for path in pages:
        element = "#explorer:not([hidden])" if path.name == "report.html" else "table"
        shown = open_page(path, wait_for=element)
        assert shown.errors == []
        assert shown.requests == []
        assert broken(path) == []


def broken(path: Path) -> list[str]:
    """The links of a page that lead nowhere, in it or beside it."""
    text = path.read_text()
    ids = set(ID.findall(text))
    found = []
    for target, anchor in LINK.findall(text):
        if target and not (path.parent / target).exists():
            found.append(target)
        elif not target and anchor and anchor not in ids:
            found.append(f"#{anchor}")
    return found
