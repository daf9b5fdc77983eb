"""What neighbours share with their query in every space, beside what chance gives."""

from typing import TYPE_CHECKING

from cxr.core.io import read_table, write_csv, write_table
from cxr.core.job import job
from cxr.similarity.comparison import (
    HELD_OUT,
    build_spaces,
    compare_spaces,
    image_records,
    read_feature_tables,
)
from cxr.similarity.groups import group_composition
from cxr.similarity.neighbours import neighbours_by_part

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake


def main(input, output, cfg):
    records = image_records(read_table(input.cohort), read_table(input.metadata))
    tables = read_feature_tables(input, cfg)
    folds = [read_table(path) for path in input.get("folds") or []]
    searches = build_spaces(tables, folds, records, cfg["metric"], cfg["seed"])
    k, seed = cfg["k"], cfg["seed"]
    write_csv(compare_spaces(searches, k, seed), output.retrieval)
    claims = group_composition(searches.spaces, records, cfg["severity"], k, seed)
    write_csv(claims, output.groups)
    found = neighbours_by_part(searches.spaces.get(HELD_OUT, []), k, cfg["own_patient"])
    write_table(found, output.held_out)


if __name__ == "__main__":
    with job(snakemake.log[0], snakemake.threads, snakemake.params.code):
        main(snakemake.input, snakemake.output, snakemake.params.cfg)
