"""A network's metrics in each external source, beside those of its own test images."""

from typing import TYPE_CHECKING

from cxr.core.io import read_array, read_table, write_csv, write_table
from cxr.core.job import job
from cxr.evaluation.external import external_table
from cxr.evaluation.predict import predict_images
from cxr.networks.weights import load_model

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake


def main(input, output, cfg):
    network, card = load_model(input.weights, input.model)
    classes, size = card["classes"], card["image_size"]
    cohorts = read_table(input.cohort), read_table(input.known_cohort)
    images, known = read_array(input.images), read_table(input.known_predictions)
    predictions, _ = predict_images(
        network, cohorts[0], images, size, classes, device=cfg["device"]
    )
    write_csv(external_table(predictions, known, cohorts, classes, cfg["seed"]), output.metrics)
    write_table(predictions.join(cohorts[0]["source"]), output.predictions)


if __name__ == "__main__":
    with job(snakemake):
        main(snakemake.input, snakemake.output, snakemake.params.cfg)
