"""The qualifying cells of the grid, best first, and the clusters of the best ones."""

from typing import TYPE_CHECKING

from cxr.clustering.cells import CellSettings, StudyCells
from cxr.clustering.grid import GRID, label_map
from cxr.clustering.ranking import RankingSettings, best_cell, choose_map, rank, ranking_schema
from cxr.core.io import read_tables, write_json, write_table
from cxr.core.job import job
from cxr.core.settings import typed

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake


def main(input, output, cfg):
    embeddings, settings = read_tables(input.embeddings), typed(RankingSettings, cfg["ranking"])
    cells = StudyCells(embeddings, typed(CellSettings, cfg["cells"]))
    statistics = cells.statistics()
    n_images = embeddings["image_id"].nunique()
    ranking = rank(read_tables(input.grid), n_images, settings, statistics)
    write_table(ranking, output.ranking, schema=ranking_schema(GRID))
    for method, target in (("tsne", output.clusters), ("pca", output.pca_clusters)):
        clusters = label_map(*choose_map(embeddings, ranking, method))
        selected = cells.selected(statistics, best_cell(ranking, method))
        agreement = cells.image_agreement(selected)
        write_table(clusters.assign(agreement=clusters["image_id"].map(agreement)), target)
    write_table(cells.vote_table(), output.votes)
    write_json(cells.summary(ranking, statistics), output.consensus)


if __name__ == "__main__":
    with job(snakemake):
        main(snakemake.input, snakemake.output, snakemake.params.cfg)
