"""The weights and settings of one encoder, and where they are from."""

from pathlib import Path
from typing import TYPE_CHECKING

from cxr.core.io import write_json
from cxr.core.job import job
from cxr.features.encoders.weights import download_encoder

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake


def main(output, cfg, place):
    mirror = Path(place["mirror"], "weights", cfg["name"]) if place["mirror"] else None
    encoder = {**cfg["encoder"], "path": place["path"]}
    write_json(download_encoder(encoder, Path(output.files), mirror), output.provenance)


if __name__ == "__main__":
    with job(snakemake):
        main(snakemake.output, snakemake.params.cfg, snakemake.params.place)
