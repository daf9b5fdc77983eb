"""What a run does about its sources before its first job."""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from cxr.core.errors import InputError
from cxr.core.secret import read_secret, secret_path
from cxr.images.formats import DICOM_SUFFIXES, IMAGE_SUFFIXES
from cxr.images.kinds import BEGIN, begins_as_dicom

# Kinds of sources whose patients may be those of DICOM's tag.
KINDS = ("table", "folders")


def prepare_secret(sources: Iterable[Mapping[str, Any]]) -> None:
    """Makes the secret for patient ids, where a folder of one's own holds DICOM files.

    The run begins where the home can be written, which its jobs on a cluster often can't.
    Where that fails nothing is said: the job says it that needs the secret.

    Parameters
    ----------
    sources : iterable of mapping
        The sources of the resolved config.
    """
    folders = [Path(source["path"]) for source in sources if source["kind"] in KINDS]
    if any(_is_dicom(path) for folder in folders for path in folder.rglob("*")):
        with suppress(InputError):
            read_secret(secret_path())


def _is_dicom(path: Path) -> bool:
    """Whether a file is DICOM by its suffix, or without an image's suffix by its content."""
    suffix = path.suffix.casefold()
    if suffix in IMAGE_SUFFIXES:
        return suffix in DICOM_SUFFIXES
    try:
        if not path.is_file():
            return False
        with path.open("rb") as stream:
            return begins_as_dicom(stream.read(BEGIN))
    except OSError:
        return False
