"""One network trained anew for one part of a protocol, and its predictions there."""

from pathlib import Path
from typing import TYPE_CHECKING

from cxr.cohort.protocols import part_cohort
from cxr.cohort.tags import label_names
from cxr.core.io import read_array, read_table, write_table
from cxr.core.job import job
from cxr.features.extract import extract_features, label_probabilities
from cxr.features.tables import predictions_schema, predictions_table
from cxr.training.retrain import train_anew

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake


def main(input, output, cfg, code):
    whole = read_table(input.cohort)
    cohort, labels = (
        part_cohort(whole, read_table(input.folds), cfg["part"]),
        label_names(whole, cfg["classes"]),
    )
    images = read_array(input.images)
    probabilities, of_labels = images[:0, : len(cfg["classes"]), 0], images[:0, : len(labels), 0]
    if not cohort.empty:
        target = Path(output.predictions)
        network, size = train_anew(cohort, images, input.get("weights"), target, cfg, code)
        measured = (cohort["split"] != "train").to_numpy()
        cohort = cohort[measured]
        features, probabilities = extract_features(network, images[measured], size)
        of_labels = label_probabilities(network, features)
    table = predictions_table(cohort, probabilities, cfg["classes"], labels, of_labels)
    table = table.assign(part=cfg["part"], protocol=cfg["protocol"])
    write_table(table, output.predictions, schema=predictions_schema(cfg["classes"], labels))


if __name__ == "__main__":
    with job(snakemake.log[0], snakemake.threads, snakemake.params.code):
        main(snakemake.input, snakemake.output, snakemake.params.cfg, snakemake.params.code)
