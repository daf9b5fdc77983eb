"""The maps, grids, fields and galleries of one model, packed for the report's explorer."""

from typing import TYPE_CHECKING

from cxr.core.io import read_array, read_csv, read_table, read_tables, write_json
from cxr.core.job import job
from cxr.core.settings import typed
from cxr.explorer.document import PageRoom, explorer_document

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

RECORDS = {"cohort": read_table, "metadata": read_table, "predictions": read_table}
FOUND = {"similar": read_table, "controls": read_table, "associations": read_csv}


def main(input, output, cfg):
    maps = {
        "clusters": read_table(input.clusters),
        "embeddings": read_tables(input.embeddings),
        "grid": read_tables(input.grid),
        "ranking": read_table(input.ranking),
    }
    records, found = (
        {name: read(input[name]) for name, read in readers.items() if input.get(name)}
        for readers in (RECORDS, FOUND)
    )
    images = read_array(input.images) if input.get("images") else None
    room = typed(PageRoom, cfg["room"])
    document = explorer_document(maps, records, found, cfg["bounds"], cfg["alpha"], images, room)
    write_json(document, output.explorer)


if __name__ == "__main__":
    with job(snakemake):
        main(snakemake.input, snakemake.output, snakemake.params.cfg)
