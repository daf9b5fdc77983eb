"""The report: one page with everything, which needs no network."""

from typing import TYPE_CHECKING

from cxr.io import write_text
from cxr.job import job
from cxr.report import build
from cxr.report.builder import ModelFiles, StudyFiles

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

FIGURES = (
    "training",
    "confusion",
    "reliability",
    "gradcam",
    "maps",
    "cells",
    "clusters",
    "countries",
)
TABLES = ("card", "history", "metrics", "attention", "ranking", "clusters", "countries")
STUDY = (
    "flow",
    "flow_figure",
    "cohort",
    "rejected",
    "cleaning",
    "quality",
    "excluded",
    "comparison",
    "comparison_figure",
)


def main(input, output, cfg):
    models = [
        ModelFiles(
            name=name,
            **{table: input[f"{table}_files"][position] for table in TABLES},
            figures={figure: input[f"{figure}_figures"][position] for figure in FIGURES},
        )
        for position, name in enumerate(cfg["models"])
    ]
    files = StudyFiles(
        **{name: input[name] for name in STUDY},
        provenance=list(input.provenance),
        models=models,
    )
    page = build(files, study=cfg["study"], title=cfg["title"], question=cfg["question"])
    write_text(page, output.report)


if __name__ == "__main__":
    with job(log=snakemake.log[0], threads=snakemake.threads):
        main(snakemake.input, snakemake.output, snakemake.params.cfg)
