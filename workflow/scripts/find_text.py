"""Burned-in words and markers of one chunk of images."""

from pathlib import Path
from typing import TYPE_CHECKING

from cxr.core.io import read_table, write_table
from cxr.core.job import job
from cxr.core.settings import typed
from cxr.images.text_fields import TextSearch, find_text

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake


def main(input, output, cfg):
    roots = {Path(root).name: Path(root) for root in input.sources}
    write_table(find_text(read_table(input.metadata), roots, typed(TextSearch, cfg)), output.boxes)


if __name__ == "__main__":
    with job(snakemake):
        main(snakemake.input, snakemake.output, snakemake.params.cfg)
