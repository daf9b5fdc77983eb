"""The t-SNE maps of one chunk of runs."""

from itertools import product
from typing import TYPE_CHECKING

from cxr.core.io import read_arrays, write_table
from cxr.core.job import job
from cxr.embedding.knn import Neighbours
from cxr.embedding.tsne import Method, embed_runs

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake


def main(input, output, cfg, threads):
    neighbours = Neighbours(**read_arrays(input.neighbours))
    runs = list(product(cfg["perplexities"], cfg["seeds"]))
    embeddings = embed_runs(neighbours, runs, Method(**cfg["method"]), threads)
    write_table(embeddings, output.embeddings)


if __name__ == "__main__":
    with job(snakemake.log[0], snakemake.threads, snakemake.params.code):
        main(snakemake.input, snakemake.output, snakemake.params.cfg, snakemake.threads)
