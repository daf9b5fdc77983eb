"""Features that hold little or nothing of the disease, in place of a network's."""

from typing import TYPE_CHECKING

from cxr.core.io import read_array, read_json, read_table, write_table
from cxr.core.job import job
from cxr.evidence.controls import Trained, control_features
from cxr.features.tables import features_table

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake


def main(input, output, cfg):
    images = read_array(input.images)
    card = read_json(input.model) if input.model else {}
    trained = None
    if input.lungs:
        from cxr.networks.weights import load_model  # other controls do without torch

        trained = Trained(load_model(input.weights, input.model)[0], read_array(input.lungs))
    features = control_features(cfg["control"], images, card, cfg["seed"], cfg["device"], trained)
    table = features_table(read_table(input.cohort), features)
    if input.features:  # an encoder may lack images; what it is compared with has the same ones
        table = table[table["image_id"].isin(read_table(input.features, ["image_id"])["image_id"])]
    write_table(table, output.features)


if __name__ == "__main__":
    with job(snakemake):
        main(snakemake.input, snakemake.output, snakemake.params.cfg)
