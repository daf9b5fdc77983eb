"""A network's classes, features and Grad-CAM for a folder of new images."""

import logging
from pathlib import Path
from typing import TYPE_CHECKING

from cxr.core.io import write_csv, write_table
from cxr.core.job import job
from cxr.inference.predict import predict_folder
from cxr.networks.weights import load_model

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

log = logging.getLogger("cxr")


def main(input, output, cfg, threads):
    network, card = load_model(input.weights, input.model)
    images, overlays = Path(cfg["images"]), Path(output.overlays)
    prediction = predict_folder(network, card, images, overlays, threads, cfg["device"])
    write_table(prediction.features, output.features)
    write_csv(prediction.rejected, output.rejected)
    write_csv(prediction.predictions, output.predictions)
    n_images, n_rejected = len(prediction.predictions), len(prediction.rejected)
    log.info("%d images, %d files could not be used", n_images, n_rejected)


if __name__ == "__main__":
    with job(snakemake):
        main(snakemake.input, snakemake.output, snakemake.params.cfg, snakemake.threads)
