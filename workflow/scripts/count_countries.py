"""How many images of each country each cluster holds."""

from typing import TYPE_CHECKING

from cxr.clustering.countries import count_countries
from cxr.core.io import read_table, write_csv
from cxr.core.job import job

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake


def main(input, output):
    metadata = read_table(input.metadata, columns=["image_id", "country"])
    write_csv(count_countries(read_table(input.clusters), metadata), output.countries)


if __name__ == "__main__":
    with job(snakemake):
        main(snakemake.input, snakemake.output)
