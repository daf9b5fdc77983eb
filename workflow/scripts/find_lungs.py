"""The lungs of the cohort's images: masks of the study's own, and found ones."""

from pathlib import Path
from typing import TYPE_CHECKING

from cxr.cohort.lungs import write_lungs
from cxr.core.io import read_array, read_table, write_csv
from cxr.core.job import job

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake


def main(input, output, cfg, threads):
    roots = {Path(root).name: Path(root) for root in input.sources}
    cohort, metadata = read_table(input.cohort), read_table(input.metadata)
    images, square = read_array(input.images), cfg["square"]
    table = write_lungs(cohort, metadata, roots, images, output.lungs, square, threads)
    write_csv(table, output.table)


if __name__ == "__main__":
    with job(snakemake):
        main(snakemake.input, snakemake.output, snakemake.params.cfg, snakemake.threads)
