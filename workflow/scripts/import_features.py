"""Features that were computed elsewhere, as the files that the stages after them read."""

from typing import TYPE_CHECKING

from cxr.core.io import write_csv, write_table
from cxr.core.job import job
from cxr.features.external import import_table

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake


def main(input, output, cfg):
    external = import_table(input.table, cfg["name"], cfg["columns"], cfg["fields"])
    write_table(external.metadata, output.metadata)
    write_table(external.cohort, output.cohort)
    write_table(external.features, output.features)
    write_csv(external.rejected, output.rejected)


if __name__ == "__main__":
    with job(snakemake):
        main(snakemake.input, snakemake.output, snakemake.params.cfg)
