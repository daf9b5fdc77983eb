"""One network trained anew for one part of a protocol, and its predictions there."""

from pathlib import Path
from typing import TYPE_CHECKING

from cxr.anew import train_anew
from cxr.features import predictions_schema, predictions_table, run
from cxr.io import read_array, read_table, write_table
from cxr.job import job
from cxr.protocols import of_part

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake


def main(input, output, cfg, code):
    cohort = of_part(read_table(input.cohort), read_table(input.folds), cfg["part"])
    images = read_array(input.images)
    probabilities = images[:0, : len(cfg["classes"]), 0]
    if not cohort.empty:
        target = Path(output.predictions)
        network, size = train_anew(cohort, images, input.get("weights"), target, cfg, code)
        measured = (cohort["split"] != "train").to_numpy()
        cohort, probabilities = cohort[measured], run(network, images[measured], size)[1]
    table = predictions_table(cohort, probabilities, cfg["classes"])
    table = table.assign(part=cfg["part"], protocol=cfg["protocol"])
    write_table(table, output.predictions, schema=predictions_schema(cfg["classes"]))


if __name__ == "__main__":
    with job(snakemake.log[0], snakemake.threads, snakemake.params.code):
        main(snakemake.input, snakemake.output, snakemake.params.cfg, snakemake.params.code)
