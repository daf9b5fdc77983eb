"""The documents that people read, and the pieces of code that they show."""

import re
from collections.abc import Iterator

from cxr.core.paths import ROOT

SITE = tuple(
    path.relative_to(ROOT).as_posix()
    for path in sorted((ROOT / "docs").rglob("*.md"))
    if path.relative_to(ROOT).parts[1] != "build"
)
# What shows how to use it; others show how it was measured.
GUIDES = (
    "README.md",
    "config/README.md",
    "profiles/README.md",
    "CONTRIBUTING.md",
    "SECURITY.md",
    *SITE,
)
DOCUMENTS = (
    *GUIDES,
    "CHANGELOG.md",
    "results/README.md",
    "tests/benchmarks/README.md",
    "tests/mutation/README.md",
)


def pieces(language: str) -> Iterator[tuple[str, str]]:
    """Each fenced piece of a language in the guides, with its document and line."""
    for document in GUIDES:
        text = (ROOT / document).read_text(encoding="utf-8")
        for match in re.finditer(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL):
            line = text[: match.start()].count("\n") + 1
            yield f"{document}:{line}", match[1]
