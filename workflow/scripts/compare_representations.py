"""What networks, encoders and controls know of class, fields and severity, side by side."""

from typing import TYPE_CHECKING

from cxr.core.io import read_table, write_csv
from cxr.core.job import job
from cxr.core.settings import typed
from cxr.figures.representations import representations
from cxr.figures.style import save
from cxr.representations.table import RepresentationSettings, compare_representations

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake


def main(input, output, cfg):
    settings = typed(RepresentationSettings, cfg)
    names = [subject.name for subject in settings.subjects]
    tables = dict(zip(names, map(read_table, input.features), strict=True))
    clusters = dict(zip(settings.models, map(read_table, input.clusters), strict=True))
    cohort, metadata = read_table(input.cohort), read_table(input.metadata)
    table = compare_representations(cohort, metadata, tables, clusters, settings)
    write_csv(table, output.table)
    save(representations(table), output.figure)


if __name__ == "__main__":
    with job(snakemake):
        main(snakemake.input, snakemake.output, snakemake.params.cfg)
