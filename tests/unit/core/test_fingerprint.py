"""The fingerprint follows exactly what a script runs."""

import shutil

import pytest

from cxr.core.fingerprint import fingerprint


@pytest.fixture
def library(tmp_path):
    """A script over a small package: script -> a -> b (lazily), pkg (with a template); c unused."""
    package = tmp_path / "scripts" / "lib"
    (package / "pkg").mkdir(parents=True)
    (package / "__init__.py").write_text("")
    (package / "a.py").write_text("def f():\n    from lib.b import g\n    return g()\n")
    (package / "b.py").write_text("import os\n\ndef g():\n    return os.sep\n")
    (package / "c.py").write_text("X = 1\n")
    (package / "pkg" / "__init__.py").write_text("from lib.pkg.inner import build\n")
    (package / "pkg" / "inner.py").write_text("def build():\n    return 1\n")
    (package / "pkg" / "page.html").write_text("<p>")
    (tmp_path / "scripts" / "run.py").write_text("from lib import a\nfrom lib.pkg import build\n")
    return package


def fresh(library):
    from cxr.core import fingerprint as module

    module._imported.cache_clear()
    return fingerprint(library.parent / "run.py", library)


@pytest.mark.parametrize(
    "file", ["../run.py", "__init__.py", "a.py", "b.py", "pkg/inner.py", "pkg/page.html"]
)
def test_an_edit_of_what_a_script_runs_changes_it(library, file):
    before = fresh(library)
    with (library / file).open("a") as stream:
        stream.write("\n# edited\n")
    assert fresh(library) != before


def test_an_edit_of_what_it_does_not_run_changes_nothing(library):
    before = fresh(library)
    (library / "c.py").write_text("X = 2\n")
    (library / "pkg" / "__pycache__").mkdir()
    (library / "pkg" / "__pycache__" / "inner.pyc").write_bytes(b"x")
    assert fresh(library) == before


def test_neither_place_nor_time_nor_line_ends_matter(library, tmp_path):
    before = fresh(library)
    moved = shutil.copytree(library.parent, tmp_path / "elsewhere")
    (moved / "lib" / "a.py").write_bytes((library / "a.py").read_bytes().replace(b"\n", b"\r\n"))
    assert fresh(moved / "lib") == before
