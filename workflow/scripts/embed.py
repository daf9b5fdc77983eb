"""The t-SNE maps of one chunk of runs."""

from typing import TYPE_CHECKING

from cxr.core.io import read_arrays, write_table
from cxr.core.job import job
from cxr.core.settings import typed
from cxr.embedding.knn import Neighbours
from cxr.embedding.tsne import EmbeddingSettings, embed_runs

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake


def main(input, output, cfg, threads):
    neighbours = Neighbours(**read_arrays(input.neighbours))
    settings = typed(EmbeddingSettings, cfg)
    embeddings = embed_runs(neighbours, settings.runs, settings.tsne, threads)
    write_table(embeddings, output.embeddings)


if __name__ == "__main__":
    with job(snakemake):
        main(snakemake.input, snakemake.output, snakemake.params.cfg, snakemake.threads)
