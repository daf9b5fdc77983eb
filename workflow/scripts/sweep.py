"""Every DBSCAN cell of one chunk of embeddings."""

from typing import TYPE_CHECKING

from cxr.clustering.grid import sweep_dbscan
from cxr.core.io import read_arrow, write_table
from cxr.core.job import job

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake


def main(input, output, cfg):
    grid = sweep_dbscan(read_arrow(input.embeddings), cfg["eps"], cfg["min_samples"])
    write_table(grid, output.grid)


if __name__ == "__main__":
    with job(snakemake.log[0], snakemake.threads, snakemake.params.code):
        main(snakemake.input, snakemake.output, snakemake.params.cfg)
