"""The t-SNE maps of one chunk of runs."""

from typing import TYPE_CHECKING

from cxr.io import read_arrays, write_table
from cxr.job import job
from cxr.tsne import Neighbours, embed_all

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake


def main(input, output, cfg, threads):
    neighbours = Neighbours(**read_arrays(input.neighbours))
    runs = [(perplexity, cfg["seed"]) for perplexity in cfg["perplexities"]]
    embeddings = embed_all(neighbours, runs, cfg["initialization"], threads)
    write_table(embeddings, output.embeddings)


if __name__ == "__main__":
    with job(log=snakemake.log[0], threads=snakemake.threads):
        main(snakemake.input, snakemake.output, snakemake.params.cfg, snakemake.threads)
