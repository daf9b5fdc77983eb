"""What the page runs on, from the mirror or by npm."""

from pathlib import Path
from typing import TYPE_CHECKING

from cxr.app.runtime import fetch_runtime
from cxr.core.io import write_json
from cxr.core.job import job

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake


def main(output, place):
    write_json(fetch_runtime(Path(output.files), place["mirror"]), output.provenance)


if __name__ == "__main__":
    with job(snakemake):
        main(snakemake.output, snakemake.params.place)
