"""The demo's verdict, with groups and without, however the network's sums are rounded.

    python tests/benchmarks/arithmetics.py [--workers 2]

Processors, precisions and numbers of threads train networks that differ; the verdict on plain
groups should not. Prints a Markdown table of the arithmetics that this processor has.
"""

import argparse
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from itertools import product
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "workflow" / "scripts")]

from tests.helpers.arithmetic import ARITHMETICS, is_available, prepare, verdict_of  # noqa: E402
from tests.helpers.study import workspace  # noqa: E402

STUDIES = {"demo": "config/config.yaml", "demo-null": "config/studies/demo-null.yaml"}


def main():
    """Run both studies under every arithmetic and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--workers", type=int, default=2)
    workers = parser.parse_args().workers
    print("| study | arithmetic | verdict | agreement with the planted groups |")
    print("| --- | --- | --- | --- |")
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(workers) as pool:
        configs = {study: ROOT / path for study, path in STUDIES.items()}
        results = {
            study: prepare(workspace(Path(folder) / study), config)
            for study, config in configs.items()
        }
        here = [words for words, arithmetic in ARITHMETICS.items() if is_available(arithmetic)]
        cases = list(product(STUDIES, here))
        run = [
            pool.submit(verdict_of, configs[study], results[study], ARITHMETICS[words])
            for study, words in cases
        ]
        for (study, words), job in zip(cases, run, strict=True):
            found = job.result()
            shared = found["planted"]["adjusted_rand"] if found["planted"] else None
            shown = "" if shared is None else f"{shared:.2f}"
            print(f"| {study} | {words} | {found['verdict']} | {shown} |", flush=True)


if __name__ == "__main__":
    main()
