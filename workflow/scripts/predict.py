"""A network's classes, features and Grad-CAM for a folder of new images."""

from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image

from cxr.core.io import write_csv, write_table
from cxr.core.job import job, log
from cxr.evaluation.gradcam import overlay
from cxr.inference.predict import predict_folder
from cxr.networks.weights import load_model

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake


def main(input, output, cfg, threads):
    network, card = load_model(input.weights, input.model)
    found = predict_folder(network, card, Path(cfg["images"]), threads)
    folder = Path(output.overlays)
    folder.mkdir(parents=True, exist_ok=True)
    for name, image, cam in zip(
        found.predictions["overlay"], found.images, found.cams, strict=True
    ):
        Image.fromarray(overlay(image, cam)).save(folder / name)
    write_table(found.features, output.features)
    write_csv(found.rejected, output.rejected)
    write_csv(found.predictions, output.predictions)
    log.info("%d images, %d files could not be used", len(found.images), len(found.rejected))


if __name__ == "__main__":
    with job(snakemake.log[0], snakemake.threads, snakemake.params.code):
        main(snakemake.input, snakemake.output, snakemake.params.cfg, snakemake.threads)
