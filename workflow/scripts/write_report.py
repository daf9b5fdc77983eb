"""The report: one page with everything, which needs no network."""

from pathlib import Path
from typing import TYPE_CHECKING

from cxr.core.io import write_text
from cxr.core.job import job
from cxr.core.settings import typed
from cxr.report.builder import build
from cxr.report.inputs import ShownModels, report_files
from cxr.report.record import run_record
from cxr.report.settings import report_settings

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake


def main(input, output, cfg):
    files = report_files(dict(input.items()), typed(ShownModels, cfg["models"]))
    record = run_record(cfg["config"], Path(output.report).parent / "benchmarks")
    write_text(build(files, report_settings(cfg["config"]), record), output.report)


if __name__ == "__main__":
    with job(snakemake):
        main(snakemake.input, snakemake.output, snakemake.params.cfg)
