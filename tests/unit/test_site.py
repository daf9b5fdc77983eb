"""The site of the documents builds offline, without a warning, and asks nothing of other hosts."""

import os
import re
import subprocess
import sys

import pytest
from docs.extensions.library import INTERNAL

from cxr.core.paths import ROOT, SCRIPTS
from tests.helpers.documents import DOCUMENTS

# What a browser loads by itself; a link waits for a click.
LOADED = re.compile(r"<(?:script|img|iframe|source)[^>]+src=\"([^\"]+)|<link[^>]+href=\"([^\"]+)")
STYLE = re.compile(r"(?:url\(|@import)[\"' ]*((?:https?:)?//[^)\"']+)")


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """As `make docs` builds it: warnings, such as a link that leads nowhere, are errors."""
    makefile = (ROOT / "Makefile").read_text()
    recipe = re.search(r"^docs: .*\n\t(.*) \\\n\t\t(.*)\n", makefile, re.MULTILINE)
    folder = tmp_path_factory.mktemp("site")
    words = " ".join(recipe.groups()).split()[1:]
    words = [word.replace("docs/build", str(folder)) for word in words]
    offline = {f"{scheme}_proxy": "http://127.0.0.1:9" for scheme in ("http", "https")}
    done = subprocess.run(
        [sys.executable, "-m", "sphinx", *words],
        cwd=ROOT,
        env=os.environ | offline,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return folder


def test_the_site_has_every_document_and_package_and_loads_nothing_from_elsewhere(site):
    pages = {path.relative_to(site).as_posix(): path.read_text() for path in site.rglob("*.html")}
    assert {document.replace(".md", ".html") for document in DOCUMENTS} <= set(pages)
    packages = {path.parent.name for path in (SCRIPTS / "cxr").glob("*/__init__.py")}
    described = {name.split("/")[-1][:-5] for name in pages if "/library/" in name}
    assert described == packages - INTERNAL
    loaded = {url for text in pages.values() for pair in LOADED.findall(text) for url in pair}
    assert [url for url in loaded if re.match("(https?:)?//", url)] == []
    styles = [path.read_text() for path in site.rglob("*.css")]
    assert [url for text in styles for url in STYLE.findall(text)] == []
    assert 'url=docs/index.html"' in pages["index.html"]
    assert "searchtools.js" in pages["search.html"]
    assert 'id="term-consensus"' in pages["docs/glossary.html"]
    assert "evidence.thresholds.jaccard" in pages["docs/reference/config.html"]
    assert "consensus" in (site / "searchindex.js").read_text()
