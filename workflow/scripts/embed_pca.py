"""The first two principal components as a map."""

from typing import TYPE_CHECKING

from cxr.io import read_arrays, write_table
from cxr.job import job
from cxr.tsne import map_table

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake


def main(input, output):
    stored = read_arrays(input.neighbours)
    embedding = map_table(stored["image_ids"], "pca", stored["pca"])
    write_table(embedding, output.embeddings)


if __name__ == "__main__":
    with job(log=snakemake.log[0], threads=snakemake.threads):
        main(snakemake.input, snakemake.output)
