"""A study's provenance as an RO-Crate, and how to cite what it was made of."""

from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from cxr.core.io import read_json, write_json, write_text
from cxr.core.job import job
from cxr.core.paths import ROOT
from cxr.core.software import described_commit
from cxr.provenance.crate import StudyRun, run_crate
from cxr.provenance.executions import executions
from cxr.provenance.references import bibtex

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake


def main(input, output, cfg):
    folder = Path(output.crate).parent
    results = folder.parent
    sources = [read_json(path) for path in input.sources]
    write_json(cfg["config"], output.config)
    write_text((ROOT / "Snakefile").read_text(encoding="utf-8"), output.workflow)
    write_text(bibtex(sources, described_commit()), output.references)
    run = StudyRun(
        results=results,
        study=folder.name,
        title=cfg["title"],
        report="report.html",
        sources=sources,
        snakemake=version("snakemake"),
        config=Path(output.config).relative_to(folder).as_posix(),
        workflow=Path(output.workflow).relative_to(folder).as_posix(),
    )
    made = [Path(path).relative_to(results).as_posix() for path in input]
    write_json(run_crate(run, executions(results, made), datetime.now(UTC)), output.crate)


if __name__ == "__main__":
    with job(snakemake):
        main(snakemake.input, snakemake.output, snakemake.params.cfg)
