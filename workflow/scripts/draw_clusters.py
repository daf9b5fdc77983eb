"""The maps, the grid, the votes, the clustered map and the countries of each cluster."""

from typing import TYPE_CHECKING

from cxr.core.io import read_csv, read_table, read_tables
from cxr.core.job import job
from cxr.figures.clusters import cells, clusters, countries, maps
from cxr.figures.style import save
from cxr.figures.votes import votes

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake


def main(input, output, cfg):
    ranking, grid = read_table(input.ranking), read_tables(input.grid)
    tsne, pca = read_table(input.clusters), read_table(input.pca_clusters)
    choose, share = cfg["choose"], cfg["max_perplexity_share"]
    save(maps(pca, tsne, ranking, choose), output.maps)
    save(cells(grid, ranking, share, choose), output.cells)
    save(votes(read_table(input.votes), grid, ranking, share), output.votes)
    save(clusters(tsne, ranking, choose), output.clusters)
    save(countries(read_csv(input.countries)), output.countries)


if __name__ == "__main__":
    with job(snakemake):
        main(snakemake.input, snakemake.output, snakemake.params.cfg)
