"""Thumbnails of the images on the maps."""

from typing import TYPE_CHECKING

from cxr.core.io import read_array, read_table, write_json
from cxr.core.job import job
from cxr.explorer.thumbnails import mapped_images, thumbnails

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake


def main(input, output, cfg):
    clusters, cohort = mapped_images(input.clusters), read_table(input.cohort, ["image_id"])
    document = thumbnails(clusters, cohort, read_array(input.images), cfg["seed"])
    write_json(document, output.thumbnails)


if __name__ == "__main__":
    with job(snakemake):
        main(snakemake.input, snakemake.output, snakemake.params.cfg)
