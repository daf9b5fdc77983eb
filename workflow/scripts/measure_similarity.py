"""What neighbours share with their query in every space, beside what chance gives."""

from typing import TYPE_CHECKING

from cxr.core.io import read_table, write_csv, write_table
from cxr.core.job import job
from cxr.similarity.assess import HELD_OUT, divide, measure, read_searched, records_of
from cxr.similarity.groups import weigh_claims
from cxr.similarity.neighbours import neighbours_by_part

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake


def main(input, output, cfg):
    records = records_of(read_table(input.cohort), read_table(input.metadata))
    tables = read_searched(input, cfg)
    folds = [read_table(path) for path in input.get("folds") or []]
    searches = divide(tables, folds, records, cfg["metric"], cfg["seed"])
    k, seed = cfg["k"], cfg["seed"]
    write_csv(measure(searches, k, seed), output.retrieval)
    claims = weigh_claims(searches.spaces, records, cfg["severity"], k, seed)
    write_csv(claims, output.groups)
    found = neighbours_by_part(searches.spaces.get(HELD_OUT, []), k, cfg["own_patient"])
    write_table(found, output.held_out)


if __name__ == "__main__":
    with job(snakemake.log[0], snakemake.threads, snakemake.params.code):
        main(snakemake.input, snakemake.output, snakemake.params.cfg)
