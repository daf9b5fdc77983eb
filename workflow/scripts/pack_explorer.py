"""The maps, grids and fields of one model, packed for the report's explorer."""

from typing import TYPE_CHECKING

from cxr.core.io import read_table, read_tables, write_json
from cxr.core.job import job
from cxr.explorer.fields import pack_fields
from cxr.explorer.maps import pack_maps
from cxr.explorer.similar import pack_similar

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake


def main(input, output, cfg):
    clusters = read_table(input.clusters)
    predictions = input.get("predictions")
    fields = pack_fields(
        clusters,
        read_table(input.cohort),
        read_table(input.metadata),
        None if predictions is None else read_table(predictions),
    )
    maps = pack_maps(
        read_tables(input.embeddings), read_tables(input.grid), read_table(input.ranking), clusters
    )
    image_ids = list(clusters["image_id"])
    if input.get("similar"):
        maps["similar"] = pack_similar(image_ids, read_table(input.similar))
    write_json({"image_ids": image_ids, "fields": fields, "bounds": cfg, **maps}, output.explorer)


if __name__ == "__main__":
    with job(snakemake.log[0], snakemake.threads, snakemake.params.code):
        main(snakemake.input, snakemake.output, snakemake.params.cfg)
