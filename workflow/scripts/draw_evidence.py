"""Figures of the evidence: nulls, stability, associations, controls."""

from typing import TYPE_CHECKING

from cxr.core.io import read_csv, read_json, read_table, read_tables
from cxr.core.job import job
from cxr.figures.evidence import associations, controls, nulls, stability
from cxr.figures.style import save

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake


def main(input, output):
    evidence, clusters = read_json(input.evidence), read_table(input.clusters)
    save(nulls(evidence, read_tables(input.simulations)), output.nulls)
    save(stability(evidence, clusters, read_table(input.repeats)), output.stability)
    save(associations(read_csv(input.associations), evidence), output.associations)
    save(controls(evidence, read_table(input.maps)), output.controls)


if __name__ == "__main__":
    with job(snakemake):
        main(snakemake.input, snakemake.output)
