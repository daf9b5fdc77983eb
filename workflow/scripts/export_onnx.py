"""A network as an ONNX file, checked against torch on images of the cohort."""

import logging
from pathlib import Path
from typing import TYPE_CHECKING

from cxr.core.io import read_array
from cxr.core.job import job
from cxr.inference.onnx import export_onnx
from cxr.networks.weights import load_model

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

log = logging.getLogger("cxr")

COMPARED = 64  # images


def main(input, output):
    network, card = load_model(input.weights, input.model)
    images = read_array(input.images)[:COMPARED]
    difference = export_onnx(network, card, images, Path(output.onnx))
    log.info("probabilities of %d images differ by at most %.2g", len(images), difference)


if __name__ == "__main__":
    with job(snakemake):
        main(snakemake.input, snakemake.output)
