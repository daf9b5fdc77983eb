"""A network's classes, features and Grad-CAM for a folder of new images."""

import logging
from pathlib import Path
from typing import TYPE_CHECKING

from cxr.core.io import read_array, read_json, read_table, write_csv, write_json, write_table
from cxr.core.job import job
from cxr.inference.predict import predict_folder
from cxr.inference.summary import Reference, prediction_summary
from cxr.networks.weights import load_model

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

log = logging.getLogger("cxr")


def main(input, output, cfg, threads):
    network, card = load_model(input.weights, input.model)
    images, overlays = Path(cfg["images"]), Path(output.overlays)
    found = predict_folder(network, card, images, overlays, threads, cfg["device"])
    size, seed, device = card["image_size"], cfg["seed"], cfg["device"]
    cohort, pixels = read_table(input.cohort), read_array(input.pixels)
    reference = Reference.of_cohort(network, size, cohort["split"], pixels, seed, device)
    predictions = reference.with_distances(found.predictions, found.outputs)
    verdict = read_json(input.verdict) if input.get("verdict") else None
    summary = prediction_summary(predictions, len(found.rejected), reference, verdict)
    write_table(found.features, output.features)
    write_csv(found.rejected, output.rejected)
    write_csv(predictions, output.predictions)
    write_json(summary, output.summary)
    log.info("%d images, %d files could not be used", summary["images"], summary["rejected"])
    for line in summary["lines"]:
        log.warning("%s", line)


if __name__ == "__main__":
    with job(snakemake):
        main(snakemake.input, snakemake.output, snakemake.params.cfg, snakemake.threads)
