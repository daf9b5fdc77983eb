"""A network's metrics with their uncertainty, and its prediction for each image."""

from typing import TYPE_CHECKING

import pandas as pd

from cxr.cohort.tags import label_names, label_table
from cxr.core.io import read_array, read_table, read_tables, write_json, write_table
from cxr.core.job import job
from cxr.evaluation.network import evaluate_network
from cxr.evaluation.predict import predict_images
from cxr.networks.weights import load_model

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake


def main(input, output, cfg):
    network, card = load_model(input.weights, input.model)
    cohort, classes = read_table(input.cohort), card["classes"]
    labels, images = label_names(cohort, classes), read_array(input.images)
    size, device = card["image_size"], cfg["device"]
    predictions, _ = predict_images(network, cohort, images, size, classes, labels, device)
    parts = read_tables(input.parts) if input.get("parts") else pd.DataFrame()
    groups = cohort.set_index("image_id")[["patient_id", "split_group"]]
    truth = label_table(cohort, classes) if labels else None
    metrics = evaluate_network(predictions, parts, groups, classes, cfg["seed"], truth=truth)
    write_json(metrics, output.metrics)
    write_table(predictions, output.predictions)


if __name__ == "__main__":
    with job(snakemake):
        main(snakemake.input, snakemake.output, snakemake.params.cfg)
