"""The paths that one rule needs and that a study's config usually leaves out."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cxr.core.errors import InputError


def images_folder(study: Mapping[str, Any]) -> str:
    """The folder of new images that `predict` needs.

    Raises
    ------
    InputError
        If the config names none, or none that exists; or an encoder, which has no classes.
    """
    folder = study["images"]
    if study["model"] in study["encoders"]:
        raise InputError(
            f"config key 'model': predict needs a network, and '{study['model']}' is an encoder; "
            f"name one of models"
        )
    if folder is None:
        raise InputError("predict needs a folder of images: --config images=FOLDER")
    if not Path(folder).is_dir():
        raise InputError(f"config key 'images': there is no folder {folder}")
    return str(folder)


def query_file(study: Mapping[str, Any]) -> str:
    """The new image that `similar` needs.

    Raises
    ------
    InputError
        If the config names none, or none that exists.
    """
    file = study["query"]
    if file is None:
        raise InputError("similar needs an image: --config query=FILE")
    if not Path(file).is_file():
        raise InputError(f"config key 'query': there is no file {file}")
    return str(file)
