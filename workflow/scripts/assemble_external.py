"""The images of external sources that validate the networks, and why others don't."""

import logging
from typing import TYPE_CHECKING

from cxr.cohort.external import ExternalSettings, KnownImages, assemble_external, shared_ids
from cxr.core.io import read_array, read_arrow, read_csv, read_table, write_csv, write_table
from cxr.core.job import job
from cxr.core.settings import typed
from cxr.images.canonical import SourceImages
from cxr.images.gathering import CohortImages

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

log = logging.getLogger("cxr")


def main(input, output, cfg, threads):
    metadata, rejected = read_table(input.metadata), read_csv(input.rejected)
    settings = typed(ExternalSettings, cfg)
    known = KnownImages(
        read_table(input.known_cohort), read_array(input.known_images), read_table(input.known)
    )
    shared = shared_ids(known.metadata, metadata)
    if shared:
        taken = "the same" if settings.same_patient_ids else "other"
        log.warning("%d ids of patients are in the study too: taken as %s patients", shared, taken)
    files = SourceImages.of(input.get("sources", []), input.get("text"))
    tables = [read_arrow(path) for path in input.inspected]
    images = CohortImages.of(tables, [read_array(path) for path in input.pixels], files)
    table, excluded = assemble_external(
        metadata, rejected, known, images, output.images, settings, threads
    )
    write_table(table, output.cohort)
    write_csv(excluded, output.excluded)


if __name__ == "__main__":
    with job(snakemake):
        main(snakemake.input, snakemake.output, snakemake.params.cfg, snakemake.threads)
