"""The features of a network trained once more, with another seed."""

from pathlib import Path
from typing import TYPE_CHECKING

from cxr.core.io import read_array, read_table, write_table
from cxr.core.job import job
from cxr.core.settings import typed
from cxr.features.retrained import retrained_features
from cxr.training.run import TrainingRun

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake


def main(input, output, cfg, code):
    features = retrained_features(
        typed(TrainingRun, cfg),
        read_table(input.cohort),
        read_array(input.images),
        input.get("weights"),
        Path(output.features).with_suffix(".checkpoint"),
        code,
    )
    write_table(features, output.features)


if __name__ == "__main__":
    with job(snakemake):
        main(snakemake.input, snakemake.output, snakemake.params.cfg, snakemake.params.code)
