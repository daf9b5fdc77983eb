"""What the config says of an encoder, in parts: a job's settings hold the part that it uses."""

from collections.abc import Mapping
from typing import Any

# Keys that a part does without.
OTHERS = {
    "files": ("batch_size", "chunks", "path"),
    "features": ("chunks", "citation", "licence", "path", "sha256"),
}


def encoder_part(encoder: Mapping[str, Any], part: str) -> dict[str, Any]:
    """One part of what the config says of an encoder.

    Where its files lie on this machine is in none: they are compared by their content.

    Parameters
    ----------
    encoder : mapping
        The encoder in the resolved config.
    part : {"files", "features"}
        What is obtained and under which terms, or what its features depend on.
    """
    return {key: value for key, value in encoder.items() if key not in OTHERS[part]}
