"""The features of all images by an encoder, and the images that it could not encode."""

from typing import TYPE_CHECKING

import pandas as pd

from cxr.core.io import read_csv, read_notes, read_table, write_csv, write_table
from cxr.core.job import job
from cxr.features.encoded import join_features

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake


def main(input, output, cfg):
    rejected = pd.concat([read_csv(path) for path in input.rejected], ignore_index=True)
    rejected = rejected.sort_values(["source", "file"], ignore_index=True)
    chunks = [read_table(path) for path in input.chunks]
    table = join_features(cfg["name"], read_table(input.cohort), chunks, rejected)
    write_csv(rejected, output.rejected)
    write_table(table, output.features, notes=read_notes(input.chunks[0]))


if __name__ == "__main__":
    with job(snakemake):
        main(snakemake.input, snakemake.output, snakemake.params.cfg)
