"""Memory that a job frees serves its next arrays."""

import os
import subprocess
import sys

from cxr.core.paths import ROOT

CODE = """
import resource
import numpy as np
from cxr.core.allocation import keep_freed_memory
{call}
np.ones(2**20)
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(50):
    np.ones(2**20)
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def faults(call):
    """Pages that the system cleared for fifty arrays of 8 MB, one after the other."""
    environment = os.environ | {"PYTHONPATH": str(ROOT / "workflow" / "scripts")}
    command = [sys.executable, "-c", CODE.format(call=call)]
    done = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)
    return int(done.stdout)


def test_pages_are_cleared_once():
    assert faults("keep_freed_memory()") < faults("") / 10
