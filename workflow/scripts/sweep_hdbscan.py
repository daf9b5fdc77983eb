"""Every HDBSCAN cell of one chunk of embeddings."""

from typing import TYPE_CHECKING

from cxr.clustering.grid import HdbscanSettings, sweep_hdbscan
from cxr.core.io import read_arrow, write_table
from cxr.core.job import job
from cxr.core.settings import typed

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake


def main(input, output, cfg):
    grid = sweep_hdbscan(read_arrow(input.embeddings), typed(HdbscanSettings, cfg))
    write_table(grid, output.grid)


if __name__ == "__main__":
    with job(snakemake):
        main(snakemake.input, snakemake.output, snakemake.params.cfg)
