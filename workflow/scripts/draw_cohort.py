"""The flow diagram of the cohort."""

from typing import TYPE_CHECKING

from cxr.core.io import read_json
from cxr.core.job import job
from cxr.figures.cohort import flow
from cxr.figures.style import save

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake


def main(input, output):
    save(flow(read_json(input.flow)), output.figure)


if __name__ == "__main__":
    with job(snakemake):
        main(snakemake.input, snakemake.output)
