"""The nearest neighbours of each image among the learned features, and its map by PCA."""

from dataclasses import asdict
from typing import TYPE_CHECKING

from cxr.core.io import read_table, write_arrays, write_json, write_table
from cxr.core.job import job
from cxr.core.settings import typed
from cxr.embedding.knn import NeighbourSettings, search_neighbours, select_features
from cxr.embedding.tsne import map_table

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake


def main(input, output, cfg, threads):
    settings = typed(NeighbourSettings, cfg)
    image_ids, features = select_features(
        read_table(input.features), settings.classes, float32_above=settings.exact_up_to
    )
    neighbours, summary = search_neighbours(image_ids, features, settings, threads)
    write_arrays(vars(neighbours), output.neighbours)
    write_json(asdict(summary), output.search)
    write_table(map_table(image_ids, "pca", neighbours.pca), output.pca)


if __name__ == "__main__":
    with job(snakemake):
        main(snakemake.input, snakemake.output, snakemake.params.cfg, snakemake.threads)
