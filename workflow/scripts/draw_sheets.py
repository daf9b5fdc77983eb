"""Contact sheets: of each class the queries of median, best and worst precision."""

from typing import TYPE_CHECKING

from cxr.core.io import read_array, read_table
from cxr.core.job import job
from cxr.figures.sheets import example_sheets
from cxr.figures.style import save
from cxr.similarity.comparison import image_records

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake


def main(input, output, cfg):
    cohort = read_table(input.cohort)
    records = image_records(cohort, read_table(input.metadata))
    held_out = read_table(input.held_out)
    neighbours = read_table(input.neighbours) if held_out.empty else held_out
    images = read_array(input.images)
    for kind, fig in example_sheets(neighbours, cohort, records, images, cfg["classes"]).items():
        save(fig, getattr(output, kind))


if __name__ == "__main__":
    with job(snakemake):
        main(snakemake.input, snakemake.output, snakemake.params.cfg)
