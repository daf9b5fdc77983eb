"""How to cite what a study was made of, as BibTeX."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from cxr.core.software import NAME

# What BibTeX and LaTeX would read as their own, and what prints it.
SPECIAL = {
    **{sign: f"\\{sign}" for sign in "&%$#_{}"},
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
}


def bibtex(sources: Sequence[Mapping[str, Any]], commit: str | None) -> str:
    """An entry for this software, and one for each source.

    Parameters
    ----------
    sources : sequence of mappings
        Their provenance: `name, citation, licence, url, revision`.
    commit : str or None
        Of this software.
    """
    software = {
        "title": "cxr-clusters: clusters of learned features of chest images",
        "author": "{The cxr-clusters developers}",
        "note": f"commit {commit}" if commit else None,
    }
    entries = [_entry("software", NAME, software)]
    for source in sources:
        notes = {"revision": source.get("revision"), "licence": source.get("licence")}
        fields = {
            "title": source["name"],
            "howpublished": source.get("citation"),
            "url": source.get("url"),
            "note": "; ".join(f"{key} {value}" for key, value in notes.items() if value),
        }
        escaped = {key: _escape(value) for key, value in fields.items() if key != "url" and value}
        entries.append(_entry("misc", _key(source["name"]), escaped | _address(fields["url"])))
    return "\n".join(entries)


def _entry(kind: str, key: str, fields: Mapping[str, str | None]) -> str:
    lines = [f"  {name} = {{{value}}}," for name, value in fields.items() if value]
    return "\n".join([f"@{kind}{{{key},", *lines, "}", ""])


def _escape(text: object) -> str:
    """A text in which nothing is a command, on one line."""
    return "".join(SPECIAL.get(sign, sign) for sign in " ".join(str(text).split()))


def _address(url: str | None) -> dict[str, str]:
    """A URL as it is, where no sign of it would end the field."""
    return {"url": url} if url and not re.search(r"[{}\\\s]", url) else {}


def _key(name: str) -> str:
    """A source's name as BibTeX's keys may be."""
    return re.sub(r"[^A-Za-z0-9:.+/-]", "-", name)
