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
    (package / "pkg" / "css").mkdir()
    (package / "pkg" / "css" / "page.css").write_text("p {}")
    (package / "pkg" / "deeper").mkdir()
    (package / "pkg" / "deeper" / "__init__.py").write_text("")
    (package / "pkg" / "deeper" / "unused.html").write_text("<i>")
    (tmp_path / "scripts" / "run.py").write_text("from lib import a\nfrom lib.pkg import build\n")
    return package


def fresh(library, script="run.py"):
    """What a process of its own would find."""
    from cxr.core import fingerprint as module

    for function in (module._read, module._files, module._module_files):
        function.cache_clear()
    return fingerprint(library.parent / script, library)


EDITS = {
    "../run.py": "X = 1\n",
    "__init__.py": "X = 1\n",
    "a.py": "X = 1\n",
    "b.py": "X = 1\n",
    "pkg/inner.py": "X = 1\n",
    "pkg/page.html": "<!-- edited -->",
    "pkg/css/page.css": "/* edited */",
}


@pytest.mark.parametrize("file", EDITS)
def test_an_edit_of_what_a_script_runs_changes_it(library, file):
    before = fresh(library)
    with (library / file).open("a") as stream:
        stream.write(EDITS[file])
    assert fresh(library) != before


@pytest.mark.parametrize("file", ["c.py", "pkg/deeper/unused.html", "pkg/deeper/__init__.py"])
def test_an_edit_of_what_it_does_not_run_changes_nothing(library, file):
    before = fresh(library)
    (library / file).write_text("X = 2\n")
    (library / "pkg" / "__pycache__").mkdir()
    (library / "pkg" / "__pycache__" / "inner.pyc").write_bytes(b"x")
    assert fresh(library) == before


WRITTEN = '''"""A module."""

import os


class Greeter:
    """Says a word."""

    WORDS: dict[str, int] = {"hello": 1, "bye": 2}

    def greet(self, name, *, loud=False):
        """The greeting of a name."""
        # Loud ones are in capitals.
        text = f"hello {name!r:>10}" + os.sep
        return text.upper() if loud else text
'''
REFORMATTED = """import os
class Greeter:
    WORDS: dict[str, int] = {
        'hello': 1, 'bye': 2,
    }
    def greet(self, name, *, loud=False, ):
        text = (f'hello {name!r:>10}'
                + os.sep)

        return (text.upper() if loud
                else text)  # no comment
"""


def test_comments_docstrings_and_layout_change_nothing(library):
    (library / "b.py").write_text(WRITTEN)
    before = fresh(library)
    (library / "b.py").write_text(REFORMATTED)
    assert fresh(library) == before


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"hello": 1', '"hello": 2'),
        ('"hello": 1', '"hello": 1.0'),
        ("upper", "lower"),
        ("hello {name", "Hello {name"),
        (":>10", ":>11"),
        ("loud=False", "loud=True"),
        ("*, loud", "loud"),
        ("text.upper() if loud else text", "text if loud else text.upper()"),
        ("import os\n", "import os.path\n"),
        ("class Greeter:", "class Greeter(dict):"),
    ],
)
def test_a_change_of_meaning_changes_it(library, old, new):
    (library / "b.py").write_text(WRITTEN)
    before = fresh(library)
    assert old in WRITTEN
    (library / "b.py").write_text(WRITTEN.replace(old, new))
    assert fresh(library) != before


def test_a_text_that_is_no_docstring_counts(library):
    (library / "b.py").write_text('X = 1\n"a text"\n')
    before = fresh(library)
    (library / "b.py").write_text('X = 1\n"another"\n')
    assert fresh(library) != before


def test_links_on_the_way_change_nothing(library, tmp_path):
    before = fresh(library)
    (tmp_path / "linked").symlink_to(library.parent)
    assert fresh(tmp_path / "linked" / "lib") == before
    assert fingerprint(tmp_path / "linked" / "run.py", library) == before


def test_neither_place_nor_time_nor_line_ends_matter(library, tmp_path):
    before = fresh(library)
    moved = shutil.copytree(library.parent, tmp_path / "elsewhere")
    (moved / "lib" / "a.py").write_bytes((library / "a.py").read_bytes().replace(b"\n", b"\r\n"))
    assert fresh(moved / "lib") == before


def test_what_is_kept_of_modules_changes_nothing(library, monkeypatch):
    from cxr.core import fingerprint as module
    from cxr.core.user_cache import KeptValues

    monkeypatch.setenv("XDG_CACHE_HOME", str(library.parent))
    found = set()
    for _ in range(2):
        monkeypatch.setattr(module, "MEANINGS", KeptValues("meanings"))
        found.add(fresh(library))
        module.MEANINGS.save()
    assert (library.parent / "cxr-clusters" / "meanings.json").is_file()
    (library / "b.py").write_text("import os\n\ndef g():\n    return os.linesep\n")
    found.add(fresh(library))
    assert len(found) == 2
