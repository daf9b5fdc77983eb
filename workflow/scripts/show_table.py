"""A CSV file as a page that any browser shows."""

from pathlib import Path
from typing import TYPE_CHECKING

from cxr.core.io import read_csv, write_text
from cxr.core.job import job
from cxr.report.tables import tabulate

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake


def main(input, output):
    file = Path(input.table)
    write_text(tabulate(read_csv(file), file.stem.replace(".", ", "), file.name), output.page)


if __name__ == "__main__":
    with job(snakemake):
        main(snakemake.input, snakemake.output)
