"""Every DBSCAN cell of one chunk of embeddings."""

from typing import TYPE_CHECKING

from cxr.dbscan import GRID, sweep
from cxr.io import read_table, write_table
from cxr.job import job

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake


def main(input, output, cfg):
    grid = sweep(read_table(input.embeddings), cfg["eps"], cfg["min_samples"])
    write_table(grid, output.grid, schema=GRID)


if __name__ == "__main__":
    with job(log=snakemake.log[0], threads=snakemake.threads):
        main(snakemake.input, snakemake.output, snakemake.params.cfg)
