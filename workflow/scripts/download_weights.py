"""ImageNet weights of one architecture, from the mirror or by torchvision."""

from pathlib import Path
from typing import TYPE_CHECKING

from cxr.core.io import write_json
from cxr.core.job import job
from cxr.download.weights import obtain_weights

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake


def main(output, cfg, place):
    provenance = obtain_weights(cfg["architecture"], Path(output.weights), place["mirror"])
    write_json(provenance, output.provenance)


if __name__ == "__main__":
    with job(snakemake):
        main(snakemake.output, snakemake.params.cfg, snakemake.params.place)
