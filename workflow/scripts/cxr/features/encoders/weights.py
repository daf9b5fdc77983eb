"""The files of an encoder: downloaded by its library's own client, or linked from this machine."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any


def download_encoder(
    settings: Mapping[str, Any], folder: Path, mirror_folder: Path | None
) -> dict[str, Any]:
    """Puts the files of an encoder into `folder`, in the layout that its library saves.

    Parameters
    ----------
    settings : mapping
        As of `cxr.config.encoders.Encoder`.
    folder : Path
        Replaced whole once all files are there.
    mirror_folder : path or None
        A folder with the files; where it is given nothing is downloaded.

    Returns
    -------
    dict
        Provenance: library, model, revision, origin, url, licence, citation, the SHA-256 of each
        file, bytes, versions, time.

    Raises
    ------
    InputError
        If the files are not there, are not what the hub says they are, or the hub refuses.
    """
    raise NotImplementedError
