"""The balanced cohort of a study, its patient-grouped splits and its pixels."""

from typing import TYPE_CHECKING

from cxr.cohort.assembly import CohortSettings, assemble_cohort
from cxr.cohort.flow import flow_document
from cxr.core.io import (
    read_array,
    read_arrow,
    read_csv,
    read_table,
    write_csv,
    write_json,
    write_table,
)
from cxr.core.job import job
from cxr.core.settings import typed
from cxr.images.canonical import SourceImages
from cxr.images.gathering import CohortImages

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake


def main(input, output, cfg, threads):
    metadata, rejected = read_table(input.metadata), read_csv(input.rejected)
    settings = typed(CohortSettings, cfg)
    files = SourceImages.of(input.get("sources", []), input.get("text"))
    tables = [read_arrow(path) for path in input.inspected]
    images = CohortImages.of(tables, [read_array(path) for path in input.pixels], files)
    cohort = assemble_cohort(metadata, rejected, images, output.images, settings, threads)
    if cohort.tags is not None:
        write_csv(cohort.tags, output.tags)
    write_table(cohort.table, output.cohort)
    write_csv(cohort.flow.exclusions(), output.excluded)
    write_json(flow_document(cohort.flow, cohort.table), output.flow)


if __name__ == "__main__":
    with job(snakemake):
        main(snakemake.input, snakemake.output, snakemake.params.cfg, snakemake.threads)
