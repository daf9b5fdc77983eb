"""The metrics of classifiers that do without a network in each external source."""

from typing import TYPE_CHECKING

import pandas as pd

from cxr.core.io import read_array, read_csv, read_table, write_csv
from cxr.core.job import job
from cxr.evaluation.baselines import baseline_inputs
from cxr.evaluation.external_baselines import baseline_table

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake


def main(input, output, cfg):
    cohorts = read_table(input.cohort), read_table(input.known_cohort)
    metadata = pd.concat(map(read_table, input.metadata), ignore_index=True)
    quality = pd.concat(map(read_csv, input.quality), ignore_index=True)
    files = metadata.merge(quality[["image_id", "bands"]], on="image_id")
    images = read_array(input.images), read_array(input.known_images)
    everyone = pd.concat(cohorts, ignore_index=True)
    inputs = baseline_inputs(everyone, files, images, cfg["modality"])
    write_csv(baseline_table(cohorts, inputs, cfg["classes"], cfg["seed"]), output.metrics)


if __name__ == "__main__":
    with job(snakemake):
        main(snakemake.input, snakemake.output, snakemake.params.cfg)
