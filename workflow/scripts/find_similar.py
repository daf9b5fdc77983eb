"""The most similar images of every image, and the index that finds those of a new one."""

from dataclasses import asdict
from typing import TYPE_CHECKING

from cxr.cohort.splits import independent_patients
from cxr.core.io import read_table, write_csv, write_json, write_table
from cxr.core.job import job
from cxr.similarity.index import make_index
from cxr.similarity.neighbours import neighbours_of_all
from cxr.similarity.space import make_space, space_summary

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake


def main(input, output, cfg, threads):
    patients = independent_patients(read_table(input.cohort))
    space, rejected = make_space(
        read_table(input.features), patients, cfg["metric"], seed=cfg["seed"]
    )
    index, how = make_index(
        space, cfg["k"], cfg["exact_up_to"], cfg["recall"], cfg["seed"], threads
    )
    found = neighbours_of_all(space, index, cfg["k"], cfg["own_patient"])
    index.save(output.index)
    write_csv(rejected, output.rejected)
    write_json({**space_summary(space, cfg["k"]), **asdict(how)}, output.search)
    write_table(found, output.neighbours)


if __name__ == "__main__":
    with job(snakemake.log[0], snakemake.threads, snakemake.params.code):
        main(snakemake.input, snakemake.output, snakemake.params.cfg, snakemake.threads)
