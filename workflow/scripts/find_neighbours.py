"""The nearest neighbours of each image among the learned features."""

from dataclasses import asdict
from typing import TYPE_CHECKING

from cxr.io import read_table, write_arrays
from cxr.job import job
from cxr.tsne import find_neighbours, select_features

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake


def main(input, output, cfg, threads):
    image_ids, features = select_features(read_table(input.features), cfg["classes"])
    neighbours = find_neighbours(image_ids, features, cfg["largest_perplexity"], threads)
    write_arrays(asdict(neighbours), output.neighbours)


if __name__ == "__main__":
    with job(log=snakemake.log[0], threads=snakemake.threads):
        main(snakemake.input, snakemake.output, snakemake.params.cfg, snakemake.threads)
