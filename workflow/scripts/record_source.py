"""The provenance of one data source, with its licence and how to cite it."""

from typing import TYPE_CHECKING

from cxr.core.io import read_json, write_json
from cxr.core.job import job

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake


def main(input, output, cfg):
    write_json({**read_json(input.obtained), **cfg}, output.provenance)


if __name__ == "__main__":
    with job(snakemake):
        main(snakemake.input, snakemake.output, snakemake.params.cfg)
