"""How the site of the documents is built; the source of sphinx-build is the root."""

import sys
import tomllib
from pathlib import Path

DOCS = Path(__file__).resolve().parent
ROOT = DOCS.parent
sys.path[:0] = [str(DOCS / "extensions"), str(ROOT / "workflow" / "scripts")]

project = "cxr-clusters"
author = "N. Lai"
copyright = "2026, the authors of cxr-clusters. MIT licence"
release = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
version = release

extensions = ["myst_parser", "sphinx.ext.autodoc", "numpydoc", "library", "terms"]
root_doc = "docs/index"
# Documents lie beside what they describe, and links between them work on a forge, too.
include_patterns = [
    "docs/**",
    "*/README.md",
    "tests/*/README.md",
    "README.md",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "SECURITY.md",
]
exclude_patterns = ["docs/build", "docs/extensions", ".*", "results/[!R]*", "**/__pycache__"]
# Text between single backticks in a docstring is code.
default_role = "code"

myst_enable_extensions = ["deflist"]
myst_heading_anchors = 4
myst_links_external_new_tab = False

# numpydoc: what a function takes and returns, as its docstring states; types are in prose.
numpydoc_show_class_members = False
autodoc_typehints = "none"
autodoc_member_order = "bysource"
add_module_names = False
python_maximum_signature_line_length = 88

html_theme = "furo"
html_title = "cxr-clusters"
html_static_path = ["static"]
html_css_files = ["site.css"]
html_extra_path = ["root"]
html_copy_source = False
html_show_sourcelink = False
html_show_sphinx = False
html_last_updated_fmt = None
