"""What a config says of a source, in parts: a job's settings hold the part that it uses."""

from collections.abc import Mapping
from typing import Any

# Keys by part; the content is all the rest.
PARTS = {
    "reading": ("reader", "table", "images", "columns", "constants", "dates", "patient", "tags"),
    "places": ("folder", "mirrors"),
    "terms": ("licence", "citation"),
}
CONTENT = "content"


def source_part(source: Mapping[str, Any], part: str) -> dict[str, Any]:
    """One part of what the config says of a source.

    Parameters
    ----------
    source : mapping
        The source in the resolved config.
    part : {"content", "reading", "places", "terms"}
        What is obtained, how it is read, where it may lie, or its terms of use.
    """
    if part == CONTENT:
        others = {key for keys in PARTS.values() for key in keys}
        return {key: source[key] for key in sorted(set(source) - others)}
    return {key: source[key] for key in PARTS[part] if key in source}
