"""One data source, obtained and verified."""

from pathlib import Path
from typing import TYPE_CHECKING

from cxr.core.io import write_json
from cxr.core.job import job
from cxr.download.sources import obtain_source

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake


def main(output, cfg, place):
    mirror = Path(place["mirror"]) if place["mirror"] else None
    source = {**cfg["source"], **place}
    write_json(obtain_source(cfg["name"], source, Path(output.files), mirror), output.obtained)


if __name__ == "__main__":
    with job(snakemake.log[0], snakemake.threads, snakemake.params.code):
        main(snakemake.output, snakemake.params.cfg, snakemake.params.place)
