"""A page of the library for each package: what its modules' docstrings say."""

import ast
from pathlib import Path

from jinja2 import FileSystemLoader
from jinja2.sandbox import SandboxedEnvironment
from numpydoc import docscrape_sphinx
from sphinx.application import Sphinx
from sphinx.util.typing import ExtensionMetadata

PACKAGE = Path(__file__).parents[2] / "workflow" / "scripts" / "cxr"
PAGES = Path(__file__).parents[1] / "reference" / "library"
# What serves the workflow's own pages, config and terminal; of no use to scripts of others.
INTERNAL = {
    "app",
    "config",
    "core",
    "explorer",
    "figures",
    "intake",
    "planning",
    "report",
    "terminal",
}
TEMPLATES = Path(docscrape_sphinx.__file__).parent / "templates"


def heading(text: str, line: str) -> str:
    """A heading of reStructuredText."""
    return f"{text}\n{line * len(text)}\n"


def modules(package: Path) -> list[str]:
    """The dotted names of a package's modules that say what they are for, sorted."""
    files = sorted(path for path in package.rglob("*.py") if path.stem != "__main__")
    named = [path for path in files if ast.get_docstring(ast.parse(path.read_text("utf-8")))]
    parts = [path.relative_to(PACKAGE.parent).with_suffix("").parts for path in named]
    return [".".join(part for part in names if part != "__init__") for names in parts]


def page(package: Path) -> str:
    """One package: its own docstring, then its modules."""
    first, *others = modules(package)
    lines = [heading(package.name, "="), f".. automodule:: {first}\n"]
    for name in others:
        lines += [heading(name.removeprefix(f"{first}."), "-"), f".. automodule:: {name}"]
        lines += ["   :members:\n"]
    return "\n".join(lines)


def packages() -> list[Path]:
    """The folders of the library's packages that have a page."""
    folders = (path.parent for path in PACKAGE.glob("*/__init__.py"))
    return sorted(folder for folder in folders if folder.name not in INTERNAL)


def write(app: Sphinx) -> None:
    """Writes the pages where they are new or have changed."""
    PAGES.mkdir(exist_ok=True)
    texts = {f"{package.name}.rst": page(package) for package in packages()}
    for name, text in texts.items():
        path = PAGES / name
        if not path.exists() or path.read_text("utf-8") != text:
            path.write_text(text, "utf-8")
    for path in PAGES.glob("*.rst"):
        if path.name not in texts:
            path.unlink()


def setup(app: Sphinx) -> ExtensionMetadata:
    """Called by Sphinx."""
    # numpydoc compiles its template again for each docstring: a third of the time.
    templates = SandboxedEnvironment(loader=FileSystemLoader(TEMPLATES))
    docscrape_sphinx.SandboxedEnvironment = lambda loader: templates
    # Before autosummary, which imports what it finds in the pages.
    app.connect("builder-inited", write, priority=100)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
