"""Templates filled in."""

import base64
import hashlib
from pathlib import Path
from typing import Any

import jinja2

from cxr.report.formatting import FILTERS

HERE = Path(__file__).parent
# In the order in which they overrule one another.
STYLES = ("report", "layout", "summary", "tables", "explorer", "print")


def templates(folder: Path) -> jinja2.Environment:
    """The templates of a folder; text of the data becomes no markup."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(folder),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.filters |= FILTERS
    return environment


def render(template: str, **values: Any) -> str:
    """A template with the common style; text of the data becomes no markup.

    The policy of the page holds the hashes of its style and of `script`, where there is one.
    """
    sheets = [(HERE / "css" / f"{name}.css").read_text(encoding="utf-8") for name in STYLES]
    style = "\n" + "\n".join(sheets)
    script = values.get("script")
    return (
        templates(HERE / "templates")
        .get_template(template)
        .render(
            style=style,
            style_hash=source_hash(style),
            script_hash=None if script is None else source_hash(script),
            **values,
        )
    )


def source_hash(text: str) -> str:
    """A style's or a script's hash, as a content security policy names it."""
    digest = hashlib.sha256(text.encode("utf-8")).digest()
    return f"sha256-{base64.b64encode(digest).decode('ascii')}"
