"""Pictures of the images on the maps, for the page to show one at a time."""

from pathlib import Path
from typing import TYPE_CHECKING

from cxr.core.io import read_table
from cxr.core.job import job
from cxr.explorer.pictures import write_pictures
from cxr.explorer.thumbnails import mapped_images
from cxr.images.canonical import SourceImages

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake


def main(input, output, cfg):
    clusters, cohort = mapped_images(input.clusters), read_table(input.cohort)
    files = SourceImages.of(input.sources, input.get("text"))
    folder = Path(output.pictures)
    write_pictures(clusters, cohort, files, folder, cfg["square"], cfg["seed"])


if __name__ == "__main__":
    with job(snakemake):
        main(snakemake.input, snakemake.output, snakemake.params.cfg)
