"""The features of a part of the patients by a network that was trained on the others."""

from pathlib import Path
from typing import TYPE_CHECKING

from cxr.core.io import read_array, read_table, write_table
from cxr.core.job import job
from cxr.core.settings import typed
from cxr.features.retrained import retrained_features
from cxr.similarity.folds import FoldSettings, fold_of
from cxr.training.run import TrainingRun

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake


def main(input, output, cfg, code):
    run = typed(TrainingRun, cfg["run"])
    division = typed(FoldSettings, cfg["division"])
    cohort = fold_of(read_table(input.cohort), division, run.seed)
    features = retrained_features(
        run,
        cohort,
        read_array(input.images),
        input.get("weights"),
        Path(output.features).with_suffix(".checkpoint"),
        code,
        split="test",
    )
    write_table(features, output.features)


if __name__ == "__main__":
    with job(snakemake):
        main(snakemake.input, snakemake.output, snakemake.params.cfg, snakemake.params.code)
