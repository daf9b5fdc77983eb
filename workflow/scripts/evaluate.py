"""A network's metrics with their uncertainty, and its prediction for each image."""

from typing import TYPE_CHECKING

import pandas as pd

from cxr.evaluation import measure_network
from cxr.features import predictions_table, run
from cxr.io import read_array, read_table, read_tables, write_json, write_table
from cxr.job import job
from cxr.models import load_model

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake


def main(input, output, cfg):
    network, card = load_model(input.weights, input.model)
    cohort = read_table(input.cohort)
    _, probabilities = run(network, read_array(input.images), card["image_size"])
    predictions = predictions_table(cohort, probabilities, card["classes"])
    parts = read_tables(input.parts) if input.get("parts") else pd.DataFrame()
    patients = cohort.set_index("image_id")["patient_id"]
    metrics = measure_network(predictions, parts, patients, card["classes"], seed=cfg["seed"])
    write_json(metrics, output.metrics)
    write_table(predictions, output.predictions)


if __name__ == "__main__":
    with job(snakemake.log[0], snakemake.threads, snakemake.params.code):
        main(snakemake.input, snakemake.output, snakemake.params.cfg)
