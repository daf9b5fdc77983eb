"""The features of a network trained once more, with another seed."""

from pathlib import Path
from typing import TYPE_CHECKING

from cxr.core.io import read_array, read_table, write_table
from cxr.core.job import job
from cxr.features.extract import extract_features
from cxr.features.tables import features_table
from cxr.training.retrain import train_anew

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake


def main(input, output, cfg, code):
    cohort, images = read_table(input.cohort), read_array(input.images)
    target = Path(output.features)
    network, size = train_anew(cohort, images, input.get("weights"), target, cfg, code)
    write_table(features_table(cohort, extract_features(network, images, size)[0]), output.features)


if __name__ == "__main__":
    with job(snakemake.log[0], snakemake.threads, snakemake.params.code):
        main(snakemake.input, snakemake.output, snakemake.params.cfg, snakemake.params.code)
