"""The config as others may see it: without the folders of the machine on which it was used."""

import copy
from collections.abc import Mapping
from pathlib import PurePath
from typing import Any

# Named on the command line, and no part of what the study is.
OF_A_RUN = ("images", "mirror", "query")


def public_config(study: Mapping[str, Any]) -> dict[str, Any]:
    """A study's config in which paths of this machine are their last names.

    A folder's path names the user, and often a hospital or a project.

    Parameters
    ----------
    study : mapping
        The resolved config.
    """
    public = copy.deepcopy(dict(study)) | dict.fromkeys(OF_A_RUN)
    for source in public["sources"].values():
        _shorten(source, "path")
    for model in public["models"].values():
        _shorten(model, "weights")
    for encoder in public["encoders"].values():
        _shorten(encoder, "path")
    _shorten(public["features"] or {}, "from_file")
    return public


def _shorten(section: dict[str, Any], key: str) -> None:
    """A path in a section of the config becomes its last name."""
    if section.get(key):
        section[key] = PurePath(section[key]).name or section[key]
