"""Snakemake's command line, and its jobs, in processes that begin with their imports done.

Most of the time of a small study goes to imports. A server that has done them forks for
each call; what then runs is the command line itself, in a process of its own, and each
script in another one (`forked_jobs.py`).
"""

import atexit
import contextlib
import multiprocessing
import os
import resource
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from tests.helpers.forked_jobs import can_fork, forked_jobs

# Snakemake, the plugins of our profiles, and what the workflow's own modules import.
PRELOADED = [
    "snakemake.cli",
    "snakemake.api",
    "snakemake.workflow",
    "snakemake.script",
    "snakemake_executor_plugin_slurm",
    "dacite",
    "hdbscan",
    "jinja2",
    "matplotlib.backends.backend_pdf",
    "matplotlib.backends.backend_svg",
    "matplotlib.pyplot",
    "numba",
    "numpy",
    "openTSNE",
    "pandas",
    "PIL.Image",
    "pyarrow.parquet",
    "pydantic",
    "scipy.stats",
    "sklearn.decomposition",
    "sklearn.linear_model",
    "torchvision",
    "yaml",
]
SCRIPTS = Path(__file__).resolve().parents[2] / "workflow" / "scripts"
CONTEXT = multiprocessing.get_context("forkserver")
CONTEXT.set_forkserver_preload(PRELOADED)


@dataclass(frozen=True)
class Finished:
    """A process that has ended, and what it said.

    Attributes
    ----------
    returncode : int
    stdout, stderr : str
    cpu_seconds : float
        Of the process itself, without its imports and the jobs that it started.
    """

    returncode: int
    stdout: str
    stderr: str
    cpu_seconds: float


def run_snakemake(arguments, folder, environment=None):
    """Runs `snakemake` with some arguments in a folder and waits for its end."""
    with tempfile.TemporaryDirectory() as place:
        files = [Path(place) / name for name in ("stdout", "stderr", "cpu_seconds")]
        process = CONTEXT.Process(
            target=_main,
            args=(list(arguments), str(folder), environment or dict(os.environ), files),
        )
        process.start()
        process.join()
        stdout, stderr, seconds = (
            file.read_text(encoding="utf-8", errors="replace") if file.exists() else ""
            for file in files
        )
    return Finished(process.exitcode, stdout, stderr, float(seconds or "nan"))


def _main(arguments, folder, environment, files):
    stdout, stderr, cpu_seconds = files
    for file, stream in ((stdout, 1), (stderr, 2)):
        os.dup2(os.open(file, os.O_WRONLY | os.O_CREAT), stream)
    jobs = forked_jobs() if can_fork(environment) else contextlib.nullcontext()
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    # The library of the tests: what runs is that of the folder.
    sys.path[:] = [place for place in sys.path if Path(place) != SCRIPTS]
    sys.argv = ["snakemake", *arguments]
    from snakemake.cli import main

    try:
        with jobs:
            main()
    finally:
        # A forked process ends without them; the plan of a dry run is one.
        atexit._run_exitfuncs()
        sys.stdout.flush()
        sys.stderr.flush()
        used = resource.getrusage(resource.RUSAGE_SELF)
        cpu_seconds.write_text(str(used.ru_utime + used.ru_stime))
