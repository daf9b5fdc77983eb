"""The verdict on a study under arithmetics of one's choice, each in a process of its own."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass

import yaml

from cxr.core.paths import ROOT

PATHS = os.pathsep.join((str(ROOT), str(ROOT / "workflow" / "scripts")))


@dataclass(frozen=True)
class Arithmetic:
    """How the sums of a network are rounded.

    Attributes
    ----------
    capability : str
        The vector instructions that torch uses, one of `CAPABILITIES`; a processor without
        them ends the process.
    precision : str
        As the config's `training.precision`.
    threads : int
        As the config's `training.threads`.
    """

    capability: str
    precision: str
    threads: int


# As in `ATEN_CPU_CAPABILITY`, each with those before it.
CAPABILITIES = ("default", "avx2", "avx512")
ARITHMETICS = {
    "no vectors, one thread": Arithmetic("default", "float32", 1),
    "AVX2, two threads": Arithmetic("avx2", "float32", 2),
    "AVX-512, one thread": Arithmetic("avx512", "float32", 1),
    "AVX-512, two threads": Arithmetic("avx512", "float32", 2),
    "bfloat16, one thread": Arithmetic("avx2", "bfloat16", 1),
}


def is_available(arithmetic):
    """Whether this processor has an arithmetic's instructions."""
    from torch.backends.cpu import get_cpu_capability

    ours = get_cpu_capability().lower()
    places = [CAPABILITIES.index(name) for name in (arithmetic.capability, ours)]
    return places[0] <= places[1]


def prepare(place, config):
    """Draws the images of a synthetic study in a workspace and caches their pixels.

    Returns
    -------
    Path
        The folder of its results.
    """
    study = yaml.safe_load(config.read_text())["study"]
    place.snakemake(f"results/{study}/images.npy", config=str(config))
    return place.path / "results"


def verdict_of(config, results, arithmetic):
    """The verdict on a study, and its clusters' agreement with the planted groups.

    Parameters
    ----------
    config : Path
        Of the study.
    results : Path
        As from `prepare`.
    arithmetic : Arithmetic

    Returns
    -------
    dict
        `verdict`, and `planted` as in the evidence document.
    """
    command = [sys.executable, "-m", "tests.helpers.from_pixels", str(config), str(results)]
    done = subprocess.run(
        [*command, arithmetic.precision, str(arithmetic.threads)],
        cwd=ROOT,
        env=os.environ
        | {
            "ATEN_CPU_CAPABILITY": arithmetic.capability,
            "OMP_NUM_THREADS": "1",  # of all but torch, as in the jobs after the training
            "PYTHONPATH": PATHS,
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])
