"""One network trained anew for one part of a protocol, and its predictions there."""

from pathlib import Path
from typing import TYPE_CHECKING

from cxr.checkpoint import Checkpoint
from cxr.features import predictions_schema, predictions_table, run
from cxr.io import read_array, read_table, write_table
from cxr.job import job
from cxr.models import start
from cxr.protocols import of_part
from cxr.recipe import Recipe
from cxr.training import Data, train

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake


def predict(cohort, images, input, output, cfg, code):
    """The part's validation and test images and their probabilities."""
    model = cfg["model"]
    data = Data.of(cohort, images, cfg["classes"])
    network = start(model, len(cfg["classes"]), cfg["seed"], input.get("weights"))
    checkpoint = Checkpoint(
        Path(output.predictions).with_suffix(".checkpoint"), dict(cfg), data.digest(), code
    )
    trained = train(network, data, Recipe.of(model["training"]), cfg["seed"], checkpoint)
    checkpoint.remove()
    measured = (cohort["split"] != "train").to_numpy()
    size = int(trained.history["image_size"].iloc[-1])
    return cohort[measured], run(network, images[measured], size)[1]


def main(input, output, cfg, code):
    cohort = of_part(read_table(input.cohort), read_table(input.folds), cfg["part"])
    images = read_array(input.images)
    if cohort.empty:
        probabilities = images[:0, : len(cfg["classes"]), 0]
    else:
        cohort, probabilities = predict(cohort, images, input, output, cfg, code)
    table = predictions_table(cohort, probabilities, cfg["classes"])
    table = table.assign(part=cfg["part"], protocol=cfg["protocol"])
    write_table(table, output.predictions, schema=predictions_schema(cfg["classes"]))


if __name__ == "__main__":
    with job(snakemake.log[0], snakemake.threads, snakemake.params.code):
        main(snakemake.input, snakemake.output, snakemake.params.cfg, snakemake.params.code)
