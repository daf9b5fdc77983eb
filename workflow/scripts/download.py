"""One data source, obtained and verified."""

from pathlib import Path
from typing import TYPE_CHECKING

from cxr.core.io import write_json
from cxr.core.job import job
from cxr.download.sources import Source, obtain_source

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake


def main(output, cfg, place, threads):
    source = Source.of({**cfg["source"], **place["source"]}, place["mirror"])
    write_json(obtain_source(cfg["name"], source, Path(output.files), threads), output.obtained)


if __name__ == "__main__":
    with job(snakemake):
        main(
            snakemake.output,
            snakemake.params.cfg,
            snakemake.params.place,
            snakemake.threads,
        )
