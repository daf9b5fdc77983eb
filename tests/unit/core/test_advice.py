"""What the machine refuses ends in a line with the place, what happened and what to do."""

import errno
import os
import resource
import subprocess
import sys
import zipfile

import pyarrow as pa
import pytest
from safetensors import SafetensorError

from cxr.core.advice import advice, machine_error, writing_error
from cxr.core.errors import DamagedFile, InputError
from cxr.core.io import read_arrays, read_json, read_table, write_json
from cxr.core.paths import SCRIPTS

FULL = "No space left on device; free some space on its disk and run again"
QUOTA = "Disk quota exceeded; free some of your quota and run again"
SIZE = "File too large; raise the limit on file sizes and run again"
FILES = "Too many open files; raise the limit on open files (ulimit -n) and run again"
MEMORY = (
    "Cannot allocate memory; free some memory, or raise its limit (ulimit -v, mem_mb on a "
    "cluster), and run again"
)
THREADS = (
    "Resource temporarily unavailable; raise the limit on processes and threads (ulimit -u) and "
    "run again"
)


def system(code, path=None):
    return OSError(code, os.strerror(code), path)


def wrapped(error, cause, explicit=True):
    """An error that was raised from another one, or while that was handled."""
    if explicit:
        error.__cause__ = cause
    else:
        error.__context__ = cause
    return error


LINES = {
    "disk": (system(errno.ENOSPC, "a.npy"), f"a.npy: {FULL}"),
    "quota": (system(errno.EDQUOT, b"a.npy"), f"a.npy: {QUOTA}"),
    "size": (system(errno.EFBIG), SIZE),
    "open files": (system(errno.EMFILE, 3), FILES),
    "fork": (BlockingIOError(errno.EAGAIN, "fork"), THREADS),
    "thread": (RuntimeError("can't start new thread"), THREADS),
    "memory": (MemoryError(), MEMORY),
    "arrow memory": (pa.ArrowMemoryError("malloc of size 64 failed"), MEMORY),
    "torch memory": (RuntimeError("DefaultCPUAllocator: can't allocate memory"), MEMORY),
    "gpu": (
        RuntimeError("CUDA out of memory. Tried to allocate 2 GiB"),
        "the GPU is out of memory; use a smaller batch_size and run again",
    ),
    "library": (ImportError("libtorch.so: failed to map segment from shared object"), MEMORY),
    "safetensors": (SafetensorError("I/O error: failed (os error 122)"), QUOTA),
    "arrow": (pa.ArrowInvalid("Detail: [errno 27] File too large"), SIZE),
    "words": (RuntimeError("basic_ios::clear: No space left on device"), FULL),
    "sqlite": (RuntimeError("database or disk is full"), FULL),
    "cause": (wrapped(RuntimeError("writer failed"), system(errno.EDQUOT, "a")), f"a: {QUOTA}"),
    "context": (wrapped(KeyError("x"), system(errno.ENOSPC, "a"), False), f"a: {FULL}"),
    "not damaged": (wrapped(DamagedFile("no", "a"), system(errno.EMFILE, "a")), f"a: {FILES}"),
    "temporary": (system(errno.EIO, ".a.csv.ab12cd34"), "a.csv: Input/output error; check its "),
    "link": (system(errno.ELOOP, "a"), "a: Too many levels of symbolic links; replace the link "),
    "name": (system(errno.ENAMETOOLONG, "a"), "a: File name too long; run in a folder with a "),
    "file for folder": (system(errno.ENOTDIR, "a"), "a: Not a directory; move the file away "),
    "gone": (system(errno.ENOENT, "a"), "a: No such file or directory; it was removed since "),
    "no temporary folder": (
        FileNotFoundError(errno.ENOENT, "No usable temporary directory found in ['/tmp']"),
        "TMPDIR: no folder for temporary files can be written; set it to one that can",
    ),
    "bad input": (InputError("a.csv: no column file; name it"), None),
    "input that quotes": (InputError("finding 'Permission denied' is no finding"), None),
    "input that was missing": (wrapped(InputError("a: none"), system(errno.ENOENT, "a")), None),
    "bug": (KeyError("x"), None),
    "bug while a file was missing": (wrapped(KeyError("x"), system(errno.ENOENT)), None),
}


@pytest.mark.parametrize("kind", LINES)
def test_the_line_of_an_error(kind):
    error, line = LINES[kind]
    if line is None:
        assert advice(error) is None
    else:
        assert advice(error).startswith(line)
        assert advice(error).endswith(" and run again")


@pytest.mark.parametrize("place", ["here/new.csv", "here"])
def test_a_refusal_names_what_refuses_and_its_owner(place, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "here").mkdir()
    (tmp_path / "here").chmod(0o555)
    error = system(errno.EACCES, str(tmp_path / place))
    assert advice(error) == "here: Permission denied; make it writable and run again"
    monkeypatch.setattr(os, "geteuid", lambda: 12345)
    assert "; make it writable (it belongs to " in advice(error)


def test_an_error_without_a_number_is_that_of_its_place(tmp_path):
    temporary, target = tmp_path / ".a.csv.ab12cd34", tmp_path / "a.csv"
    temporary.write_bytes(bytes(1000))
    error = RuntimeError("PytorchStreamWriter failed writing file data/0: file write failed")
    assert writing_error(error, temporary, target) is None
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
    try:
        found = writing_error(error, temporary, target)
        assert writing_error(InputError("a record"), temporary, target) is None
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert (found.errno, found.filename) == (errno.EFBIG, str(target))


def test_what_can_not_be_read_within_a_write_keeps_its_own_path(tmp_path):
    error = system(errno.EIO, str(tmp_path / "input.png"))
    assert writing_error(error, tmp_path / ".a.ab12cd34", tmp_path / "a") is None


WRITERS = """
import sys, resource
from pathlib import Path
import numpy as np, pyarrow as pa, torch
from PIL import Image
from safetensors.torch import save_file
from matplotlib.figure import Figure
from cxr.core.advice import advice
from cxr.core.io import atomic, write_array, write_arrays, write_json, write_table
NOISE = np.random.default_rng(0).random(200_000)
def inside(write):
    def writer(path):
        with atomic(path) as temporary:
            write(temporary)
    return writer
def figure(path):
    figure = Figure()
    figure.subplots().scatter(NOISE[:9000], NOISE[:9000])
    figure.savefig(path, format="svg")
WRITERS = [
    lambda path: write_json(NOISE.tolist(), path),
    lambda path: write_array(NOISE, path),
    lambda path: write_arrays({"a": NOISE}, path),
    lambda path: write_table(pa.table({"a": NOISE}), path),
    inside(lambda path: torch.save({"a": torch.tensor(NOISE)}, path)),
    inside(lambda path: save_file({"a": torch.tensor(NOISE)}, path)),
    inside(lambda path: Image.fromarray((NOISE[:160_000] * 255).astype("uint8").reshape(400, 400))
           .save(path, "PNG")),
    inside(figure),
]
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
for writer in WRITERS:
    try:
        writer(Path("file"))
        print("written")
    except Exception as error:
        print(advice(error))
"""


def test_a_limit_of_file_sizes_is_said_by_every_writer(tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", WRITERS],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(SCRIPTS)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert set(done.stdout.splitlines()) == {f"file: {SIZE}"}
    assert not list(tmp_path.iterdir())


def test_a_library_that_can_not_be_loaded_ends_in_the_line():
    program = "import cxr.core.job; raise ImportError('a.so: failed to map segment')"
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=SCRIPTS, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert done.stderr == f"error: {MEMORY}\n"


def test_files_that_can_not_be_opened_are_not_damaged(tmp_path, monkeypatch):
    write_json({}, tmp_path / "a.json")

    def refuse(*arguments, **options):
        raise system(errno.EMFILE, str(tmp_path / "a"))

    (tmp_path / "a").touch()
    monkeypatch.setattr("pyarrow.parquet.ParquetFile", refuse)
    monkeypatch.setattr(zipfile.ZipFile, "__init__", refuse)
    monkeypatch.setattr("pathlib.Path.read_text", refuse)
    monkeypatch.setattr("numpy.load", refuse)
    for read in (read_table, read_arrays, read_json):
        with pytest.raises((InputError, OSError)) as error:
            read(tmp_path / "a")
        assert machine_error(error.value).errno == errno.EMFILE
