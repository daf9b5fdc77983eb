"""Small pictures of the images on the maps."""

from typing import TYPE_CHECKING

from cxr.core.io import read_array, read_table, write_json
from cxr.core.job import job
from cxr.explorer.thumbnails import MOST, SAMPLE, sample, sheets

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake


def main(input, output, cfg):
    chosen = sample(read_table(input.clusters), MOST, SAMPLE, cfg["seed"])
    cohort = read_table(input.cohort, ["image_id"])["image_id"]
    rows = cohort.reset_index().set_index("image_id")["index"].loc[chosen]
    made = sheets(read_array(input.images), rows.tolist())
    write_json({"image_ids": chosen, **made}, output.thumbnails)


if __name__ == "__main__":
    with job(snakemake.log[0], snakemake.threads, snakemake.params.code):
        main(snakemake.input, snakemake.output, snakemake.params.cfg)
