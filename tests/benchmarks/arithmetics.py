"""The demo's verdict, with groups and without, however the network's sums are rounded.

    python tests/benchmarks/arithmetics.py [--workers 2]

Processors, precisions and numbers of threads train networks that differ; the verdict on plain
groups should not. Prints a Markdown table: ten minutes on two cores.
"""

import argparse
import os
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import pandas as pd
import yaml
from sklearn.metrics import adjusted_rand_score

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "workflow" / "scripts")]

from tests.helpers.study import workspace  # noqa: E402

from cxr.core.io import read_json, read_table  # noqa: E402

STUDIES = {"demo": "config/config.yaml", "demo-null": "config/studies/demo-null.yaml"}


@dataclass(frozen=True)
class Arithmetic:
    """How a network is trained.

    Attributes
    ----------
    capability : str
        The vector instructions that torch uses, as in `ATEN_CPU_CAPABILITY`.
    precision : str
        As the config's `training.precision`.
    cores : int
    """

    capability: str
    precision: str
    cores: int


ARITHMETICS = {
    "no vectors, one thread": Arithmetic("default", "float32", 1),
    "AVX2, two threads": Arithmetic("avx2", "float32", 2),
    "AVX-512, one thread": Arithmetic("avx512", "float32", 1),
    "AVX-512, two threads": Arithmetic("avx512", "float32", 2),
    "bfloat16, one thread": Arithmetic("avx2", "bfloat16", 1),
}


def verdict_of(study, arithmetic, folder):
    """The verdict on a study under an arithmetic, and its clusters' agreement with the groups.

    Of the evidence only what decides is computed.
    """
    environment = os.environ | {"ATEN_CPU_CAPABILITY": arithmetic.capability}
    place = workspace(folder, environment)
    config = yaml.safe_load((ROOT / STUDIES[study]).read_text())
    config["models"]["conv5"]["training"]["precision"] = arithmetic.precision
    config["evidence"] |= {"nulls": ["gaussian"], "controls": []}
    place.write_config(config)
    place.snakemake(f"results/{study}/evidence/conv5.json", "--cores", str(arithmetic.cores))
    document = read_json(place.path / "results" / study / "evidence" / "conv5.json")
    return document["verdict"]["verdict"], agreement(place.path / "results", study)


def agreement(results, study):
    """The adjusted Rand index of a synthetic study's clusters with the planted groups."""
    files = read_table(results / study / "metadata.parquet", ["image_id", "file"])
    clusters = read_table(results / study / "clusters" / "conv5.parquet").merge(files)
    [truth] = (results / "sources").glob("*/truth.csv")
    groups = pd.read_csv(truth).set_index("filename")["variant"]
    return adjusted_rand_score(
        groups[[Path(f).name for f in clusters["file"]]], clusters["cluster"]
    )


def main():
    """Run both studies under every arithmetic and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--workers", type=int, default=2)
    workers = parser.parse_args().workers
    print("| study | arithmetic | verdict | agreement with the planted groups |")
    print("| --- | --- | --- | --- |")
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(workers) as pool:
        cases = list(product(STUDIES, ARITHMETICS))
        places = [Path(folder) / str(number) for number in range(len(cases))]
        run = [
            pool.submit(verdict_of, study, ARITHMETICS[words], place)
            for (study, words), place in zip(cases, places, strict=True)
        ]
        for (study, words), job in zip(cases, run, strict=True):
            verdict, shared = job.result()
            shown = f"{shared:.2f}" if study == "demo" else ""
            print(f"| {study} | {words} | {verdict} | {shown} |", flush=True)


if __name__ == "__main__":
    main()
