"""A network's training curves, and its errors and its calibration."""

from typing import TYPE_CHECKING

from cxr.core.io import read_csv, read_json
from cxr.core.job import job
from cxr.figures.network import confusion, reliability, training
from cxr.figures.style import save

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake


def main(input, output):
    save(training(read_csv(input.history)), output.training)
    metrics = read_json(input.metrics)
    save(confusion(metrics), output.confusion)
    save(reliability(metrics), output.reliability)


if __name__ == "__main__":
    with job(snakemake):
        main(snakemake.input, snakemake.output)
