"""Contact sheets: of each class the median, the best and the worst query with its neighbours."""

from typing import TYPE_CHECKING

from cxr.core.io import read_array, read_table
from cxr.core.job import job
from cxr.figures.sheets import contact
from cxr.figures.style import save
from cxr.similarity.comparison import image_records
from cxr.similarity.sheets import pictures_of, select_sheets, titled_sheets

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake


def main(input, output, cfg):
    cohort = read_table(input.cohort)
    records = image_records(cohort, read_table(input.metadata))
    held_out = read_table(input.held_out)
    found = read_table(input.neighbours) if held_out.empty else held_out
    images = read_array(input.images)
    for kind, sheets in select_sheets(found, records["class"]).items():
        pictures = pictures_of(sheets.values(), cohort, images)
        drawn = contact(titled_sheets(sheets, kind), records, pictures, cfg["classes"])
        save(drawn, getattr(output, kind))


if __name__ == "__main__":
    with job(snakemake.log[0], snakemake.threads, snakemake.params.code):
        main(snakemake.input, snakemake.output, snakemake.params.cfg)
