"""The benchmark of a GPU runs from start to end where there is none."""

import os
import subprocess
import sys

from cxr.core.paths import ROOT


def test_the_gpu_benchmark_runs_without_a_card(tmp_path):
    script = ROOT / "tests" / "benchmarks" / "gpu.py"
    command = [sys.executable, str(script), "training", "--cpu", "--cores", "2"]
    done = subprocess.run(
        command,
        env=os.environ | {"NUMBA_NUM_THREADS": "1"},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert "| card | work | ours | peer | ratio |" in lines
    rows = [line.split(" | ") for line in lines if line.startswith("| no card, Triton's")]
    works = [row[1] for row in rows]
    for words in ("training mobilenet_v2, ", "features by "):
        assert any(work.startswith(words) for work in works), words
    peers = {row[3].split(":")[0] for row in rows}
    assert {"plain loop", "batch by batch of 64"} <= peers
    assert not any(line.startswith("WRONG") for line in lines)
