"""What a run does about its sources before its first job."""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from cxr.core.errors import InputError
from cxr.core.secret import read_secret, secret_path
from cxr.images.formats import DICOM_SUFFIXES


def prepare_secret(sources: Iterable[Mapping[str, Any]]) -> None:
    """Makes the secret for patient ids, where a table's folder holds DICOM files.

    The run begins where the home can be written, which its jobs on a cluster often can't.
    Where that fails nothing is said: the job says it that needs the secret.

    Parameters
    ----------
    sources : iterable of mapping
        The sources of the resolved config.
    """
    folders = [Path(source["path"]) for source in sources if source["kind"] == "table"]
    if any(path.suffix.casefold() in DICOM_SUFFIXES for f in folders for path in f.rglob("*")):
        with suppress(InputError):
            read_secret(secret_path())
