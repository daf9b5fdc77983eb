"""The share of a finished study's time that its receipts took.

    python tests/benchmarks/receipts.py results/demo

Jobs log how long they checked what they read and recorded what they wrote. This is compared with
the time of all jobs, and a run's reading of all results before it plans with the same.
"""

import argparse
import json
import re
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "workflow" / "scripts"))

from cxr.planning.verification import Results  # noqa: E402

LINE = re.compile(r"checked and recorded in (\S+) s$", re.MULTILINE)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("study", type=Path, help="the folder of a finished study's results")
    study = parser.parse_args().study
    places = [study, study.parent / "sources", study.parent / "weights"]
    benchmarks = [path for place in places for path in place.glob("benchmarks/**/*.jsonl")]
    logs = [path for place in places for path in place.glob("logs/**/*.log")]
    jobs = sum(json.loads(path.read_text())["s"] for path in benchmarks)
    receipts = sum(float(s) for path in logs for s in LINE.findall(path.read_text()))
    results = Results(study.parent, [place.name for place in places])
    began = time.perf_counter()
    results.read(2)
    reading = time.perf_counter() - began
    size = sum((study.parent / name).stat().st_size for name in results.digests) / 1e6
    print(f"{len(benchmarks)} jobs, {jobs:.1f} s; their receipts {receipts:.2f} s")
    print(f"reading {len(results.digests)} results of {size:.0f} MB before a run: {reading:.2f} s")
    print(f"both: {100 * (receipts + reading) / jobs:.2f}% of the study's time")


if __name__ == "__main__":
    main()
