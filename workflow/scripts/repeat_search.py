"""The search for clusters again: other patients, other starts, other trainings."""

from typing import TYPE_CHECKING

from cxr.core.io import read_table, write_table
from cxr.core.job import job
from cxr.evidence.resampling import REPEATS, repeat_searches
from cxr.evidence.sample import Sample

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake


def main(input, output, cfg):
    cohort = read_table(input.cohort)
    material, *retrained = (
        Sample.of(read_table(path), cohort, **cfg["material"])
        for path in (input.features, *input.get("retrained", []))
    )
    repeats = repeat_searches(material, retrained, read_table(input.ranking), cfg)
    write_table(repeats, output.repeats, schema=REPEATS)


if __name__ == "__main__":
    with job(snakemake.log[0], snakemake.threads, snakemake.params.code):
        main(snakemake.input, snakemake.output, snakemake.params.cfg)
