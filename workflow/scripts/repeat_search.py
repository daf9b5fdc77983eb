"""The search repeated on resampled patients, other initial positions, retrained networks."""

from typing import TYPE_CHECKING

from cxr.core.io import read_table, write_table
from cxr.core.job import job
from cxr.core.settings import typed
from cxr.evidence.resampling import REPEATS, ResamplingSettings, repeat_searches
from cxr.evidence.sample import Sample

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake


def main(input, output, cfg, threads):
    settings = typed(ResamplingSettings, cfg)
    cohort = read_table(input.cohort, ["image_id", "patient_id", "split_group"])
    whole, *retrained = (
        Sample.of(read_table(path), cohort, settings.sample)
        for path in (input.features, *input.get("retrained", []))
    )
    repeats = repeat_searches(
        whole, retrained, read_table(input.ranking), settings, read_table(input.clusters), threads
    )
    write_table(repeats, output.repeats, schema=REPEATS)


if __name__ == "__main__":
    with job(snakemake):
        main(snakemake.input, snakemake.output, snakemake.params.cfg, snakemake.threads)
