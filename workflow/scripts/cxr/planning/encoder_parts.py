"""What jobs of an encoder need: their part of what the config says of it, and its library."""

from collections.abc import Mapping
from importlib.util import find_spec
from typing import Any

from cxr.core.errors import InputError

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


def require_packages(encoders: Mapping[str, Mapping[str, Any]]) -> None:
    """Checks that the library of each encoder is installed, without loading it.

    Raises
    ------
    InputError
        With the first one that is not.
    """
    for name, encoder in encoders.items():
        library = encoder["library"]
        if find_spec(library) is None:
            raise InputError(
                f"config key 'encoders.{name}.library': the package {library} is not installed; "
                f"run `make encoders`"
            )
