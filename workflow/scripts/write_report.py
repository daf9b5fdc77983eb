"""The report: one page with everything, which needs no network."""

from pathlib import Path
from typing import TYPE_CHECKING

from cxr.core.io import write_text
from cxr.core.job import job
from cxr.report.builder import build
from cxr.report.content import ModelFiles, StudyFiles, Words
from cxr.report.record import run_record

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake


def ending(files, suffix, position):
    """The files of one model among the lists of those of all, by name without the suffix."""
    return {
        name.removesuffix(suffix): found[position]
        for name, found in files.items()
        if name.endswith(suffix)
    }


def words_of(config):
    """What the page says from the config."""
    analysis, cohort = config["analysis"], config["cohort"]
    return Words(
        study=config["study"],
        **config["report"],
        modality=None if cohort is None else cohort["modality"],
        predicted=None if analysis is None else (analysis["target"], analysis["predictors"]),
        published={
            "metadata": None if analysis is None else analysis["published"],
            "tags": config["evaluation"]["published"],
        },
    )


def main(input, output, cfg):
    given = dict(input.items())
    models = [
        ModelFiles(
            name=name,
            **ending(given, "_files", position),
            figures=ending(given, "_figures", position),
        )
        for position, name in enumerate(cfg["models"])
    ]
    of_study = {n: f for n, f in given.items() if not n.endswith(("_files", "_figures"))}
    files = StudyFiles(**of_study, models=models)
    record = run_record(cfg["config"], Path(output.report).parent / "benchmarks")
    page = build(files, words_of(cfg["config"]), record)
    write_text(page, output.report)


if __name__ == "__main__":
    with job(snakemake.log[0], snakemake.threads, snakemake.params.code):
        main(snakemake.input, snakemake.output, snakemake.params.cfg)
