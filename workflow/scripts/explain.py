"""Grad-CAM of the test images: example panels, and how much of it lies in the lungs."""

from typing import TYPE_CHECKING

from cxr.core.io import read_array, read_table, write_csv
from cxr.core.job import job
from cxr.evaluation.gradcam import explain_predictions
from cxr.figures.gradcam import panels
from cxr.figures.style import save
from cxr.networks.weights import load_model

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake


def main(input, output, cfg):
    network, card = load_model(input.weights, input.model)
    predictions, images = read_table(input.predictions), read_array(input.images)
    classes, count = card["classes"], cfg["explained"]
    lungs = read_array(input.lungs) if input.lungs else None
    explanation = explain_predictions(
        network, card["image_size"], predictions, images, lungs, classes, count
    )
    write_csv(explanation.attention, output.attention)
    save(panels(explanation.examples, explanation.pictures, classes, count), output.figure)


if __name__ == "__main__":
    with job(snakemake):
        main(snakemake.input, snakemake.output, snakemake.params.cfg)
