"""The secret of this installation, with which ids of patients are hashed.

Without a secret the hash of a hospital's number is undone by trying all numbers. The
secret lies outside the results and is the same for all studies of a user, so that a
patient has one id in all of them.
"""

import hashlib
import hmac
import os
import secrets
import stat
import tempfile
from functools import cache
from pathlib import Path

from cxr.core.errors import InputError

VARIABLE = "CXR_PATIENT_SECRET"
MIN_LENGTH = 32  # characters
PURPOSE = "the secret with which patient ids of DICOM files are hashed"
NAME_ONE = f"name a file that jobs can read by {VARIABLE}, see docs/how-to/privacy.md"


def pseudonym(text: str) -> str:
    """An id that stands for `text`: 16 hexadecimal digits of HMAC-SHA-256 (RFC 2104).

    Raises
    ------
    InputError
        As `read_secret`.
    """
    key = read_secret(secret_path())
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()[:16]


def secret_path() -> Path:
    """The file of the secret: what CXR_PATIENT_SECRET names, or one of the user's settings.

    Raises
    ------
    InputError
        If there is neither that variable nor a home.
    """
    named = os.environ.get(VARIABLE)
    if named:
        return Path(named).absolute()
    settings = os.environ.get("XDG_CONFIG_HOME", "")
    try:
        folder = Path(settings) if Path(settings).is_absolute() else Path.home() / ".config"
    except RuntimeError as error:
        raise InputError(f"no home for {PURPOSE}; {NAME_ONE}") from error
    return folder / "cxr-clusters" / "patient-id-secret"


@cache
def read_secret(path: Path) -> bytes:
    """The secret in a file. The default file is made where there is none.

    Raises
    ------
    InputError
        If it can't be read or made, is too short, or can be read by everybody.
    """
    try:
        if not os.environ.get(VARIABLE):
            _make(path)
        mode = path.stat().st_mode
        key = path.read_bytes().strip()
    except FileNotFoundError as error:
        raise InputError(
            f"{VARIABLE}: there is no file {path}; copy the one of the studies that this one has "
            f"to agree with, or make one: (umask 077; openssl rand -hex 32 > FILE)"
        ) from error
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else str(error)
        raise InputError(
            f"{path}: {PURPOSE} can't be read or made there ({reason}); {NAME_ONE}"
        ) from error
    if mode & (stat.S_IROTH | stat.S_IWOTH):
        raise InputError(f"{path}: everybody may read or change {PURPOSE}; chmod 600 it")
    if len(key) < MIN_LENGTH:
        raise InputError(
            f"{path}: {PURPOSE} has fewer than {MIN_LENGTH} characters; put back the whole file, "
            f"or remove it for a new secret, which gives all patients new ids"
        )
    return key


def _make(path: Path) -> None:
    """Makes a file with a new secret, unless there is one; of two processes one succeeds."""
    if path.exists():
        return
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "w") as stream:
            stream.write(f"{secrets.token_hex(32)}\n")
        os.link(name, path)  # unlike a renamed file it replaces none
    except FileExistsError:
        pass
    finally:
        Path(name).unlink(missing_ok=True)
