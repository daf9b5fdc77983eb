"""The qualifying cells of the grid, best first, and the clusters of the best ones."""

from typing import TYPE_CHECKING

from cxr.clustering.grid import GRID, label_map
from cxr.clustering.ranking import RankingSettings, choose_map, rank, ranking_schema
from cxr.core.io import read_tables, write_table
from cxr.core.job import job
from cxr.core.settings import typed

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake


def main(input, output, cfg):
    embeddings, settings = read_tables(input.embeddings), typed(RankingSettings, cfg)
    ranking = rank(read_tables(input.grid), embeddings["image_id"].nunique(), settings)
    write_table(ranking, output.ranking, schema=ranking_schema(GRID))
    for method, target in (("tsne", output.clusters), ("pca", output.pca_clusters)):
        write_table(label_map(*choose_map(embeddings, ranking, method)), target)


if __name__ == "__main__":
    with job(snakemake):
        main(snakemake.input, snakemake.output, snakemake.params.cfg)
