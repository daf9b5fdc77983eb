"""The learned features of every image of the cohort."""

from typing import TYPE_CHECKING

from cxr.core.hashing import file_sha256
from cxr.core.io import read_array, read_table, write_table
from cxr.core.job import job
from cxr.features.extract import extract_features
from cxr.features.tables import features_table
from cxr.networks.weights import load_model

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake


def main(input, output, cfg):
    network, card = load_model(input.weights, input.model)
    images, size = read_array(input.images), card["image_size"]
    features, _ = extract_features(network, images, size, device=cfg["device"])
    table = features_table(read_table(input.cohort), features)
    notes = {"model_sha256": file_sha256(input.weights), "architecture": card["architecture"]}
    write_table(table, output.features, notes=notes)


if __name__ == "__main__":
    with job(snakemake):
        main(snakemake.input, snakemake.output, snakemake.params.cfg)
