"""Features that can't be about the disease, in place of a network's."""

from typing import TYPE_CHECKING

from cxr.core.io import read_array, read_json, read_table, write_table
from cxr.core.job import job
from cxr.evidence.controls import pixel_components
from cxr.features.extract import extract_features
from cxr.features.tables import features_table

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake


def untrained(card, images, seed):
    """Features of the model's architecture with the weights that it is born with."""
    from cxr.networks.architecture import build_network

    network = build_network(
        card["architecture"], len(card["classes"]), card["feature_dim"], 0.0, seed
    )
    return extract_features(network, images, card["image_size"])[0]


def main(input, output, cfg):
    cohort, images = read_table(input.cohort), read_array(input.images)
    if cfg["control"] == "untrained":
        features = untrained(read_json(input.model), images, cfg["seed"])
    else:
        features = pixel_components(images, cfg["control"])
    write_table(features_table(cohort, features), output.features)


if __name__ == "__main__":
    with job(snakemake.log[0], snakemake.threads, snakemake.params.code):
        main(snakemake.input, snakemake.output, snakemake.params.cfg)
