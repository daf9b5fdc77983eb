"""The maps, grids and fields of one model, packed for the report's explorer."""

from typing import TYPE_CHECKING

from cxr.core.io import read_table, read_tables, write_json
from cxr.core.job import job
from cxr.explorer.document import explorer_document

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake


def main(input, output, cfg):
    maps = {
        "clusters": read_table(input.clusters),
        "embeddings": read_tables(input.embeddings),
        "grid": read_tables(input.grid),
        "ranking": read_table(input.ranking),
    }
    names = [name for name in ("cohort", "metadata", "predictions") if input.get(name)]
    records = {name: read_table(input[name]) for name in names}
    neighbours = read_table(input.similar) if input.get("similar") else None
    write_json(explorer_document(maps, records, neighbours, cfg), output.explorer)


if __name__ == "__main__":
    with job(snakemake):
        main(snakemake.input, snakemake.output, snakemake.params.cfg)
