"""The most similar images of every image, and the index that finds those of a new one."""

from typing import TYPE_CHECKING

from cxr.cohort.splits import independent_patients
from cxr.core.io import read_table, write_csv, write_json, write_table
from cxr.core.job import job
from cxr.core.settings import typed
from cxr.similarity.search import SearchSettings, search

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake


def main(input, output, cfg, threads):
    cohort = read_table(input.cohort, ["image_id", "patient_id", "split_group"])
    patients = independent_patients(cohort)
    settings = typed(SearchSettings, cfg)
    result = search(read_table(input.features), patients, settings, threads)
    result.index.save(output.index)
    write_csv(result.rejected, output.rejected)
    write_json(result.summary, output.search)
    write_table(result.neighbours, output.neighbours)


if __name__ == "__main__":
    with job(snakemake):
        main(snakemake.input, snakemake.output, snakemake.params.cfg, snakemake.threads)
