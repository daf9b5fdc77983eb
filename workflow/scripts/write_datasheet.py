"""The datasheet of the study's cohort."""

from typing import TYPE_CHECKING

from cxr.core.io import write_text
from cxr.core.job import job
from cxr.provenance.datasheet import datasheet_facts, render_datasheet

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake


def main(input, output, cfg):
    facts = datasheet_facts(dict(input.items()), cfg)
    write_text(render_datasheet(facts), output.datasheet)


if __name__ == "__main__":
    with job(snakemake):
        main(snakemake.input, snakemake.output, snakemake.params.cfg)
