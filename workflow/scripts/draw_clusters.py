"""The maps, the grid, the clustered map and the countries of each cluster."""

from typing import TYPE_CHECKING

from cxr.core.io import read_csv, read_table, read_tables
from cxr.core.job import job
from cxr.figures.clusters import cells, clusters, countries, maps
from cxr.figures.style import save

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake


def main(input, output, cfg):
    ranking = read_table(input.ranking)
    tsne, pca = read_table(input.clusters), read_table(input.pca_clusters)
    save(maps(pca, tsne, ranking), output.maps)
    save(cells(read_tables(input.grid), ranking, cfg["max_perplexity_share"]), output.cells)
    save(clusters(tsne, ranking), output.clusters)
    save(countries(read_csv(input.countries)), output.countries)


if __name__ == "__main__":
    with job(snakemake):
        main(snakemake.input, snakemake.output, snakemake.params.cfg)
