"""The search for clusters in draws that have none."""

from typing import TYPE_CHECKING

from cxr.core.io import read_table, write_table
from cxr.core.job import job
from cxr.evidence.null_search import SIMULATIONS, simulate_null
from cxr.evidence.sample import Sample
from cxr.evidence.search import Search

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake


def main(input, output, cfg):
    material = Sample.of(read_table(input.features), read_table(input.cohort), **cfg["material"])
    draws = SIMULATIONS.empty_table()
    if material.enough(cfg["thresholds"]):
        grid = Search.of(cfg["search"], len(material.image_ids))
        turns = range(cfg["first"], cfg["last"] + 1)
        null, seed = cfg["null"], cfg["material"]["seed"]
        draws = simulate_null(material.features, material.patients, grid, null, turns, seed)
        draws = draws.assign(subject=cfg["subject"])
    write_table(draws, output.draws, schema=SIMULATIONS)


if __name__ == "__main__":
    with job(snakemake.log[0], snakemake.threads, snakemake.params.code):
        main(snakemake.input, snakemake.output, snakemake.params.cfg)
