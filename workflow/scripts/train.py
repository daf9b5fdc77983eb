"""One network, trained on the training images alone."""

from typing import TYPE_CHECKING

from cxr.io import read_array, read_table, write_csv
from cxr.job import job
from cxr.models import build, load_body, save_model
from cxr.training import Data, Recipe, describe, train

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake


def main(input, output, cfg):
    model, recipe = cfg["model"], Recipe(**cfg["model"]["training"])
    data = Data.of(read_table(input.cohort), read_array(input.images), cfg["classes"])
    network = build(
        model["architecture"],
        len(cfg["classes"]),
        model["feature_dim"],
        model["dropout"],
        cfg["seed"],
    )
    if input.get("weights"):
        load_body(network, input.weights)
    history = train(network, data, recipe, cfg["seed"])
    card = describe(network, data, history, cfg)
    save_model(network, card, output.weights, output.model)
    write_csv(history, output.history)


if __name__ == "__main__":
    with job(log=snakemake.log[0], threads=snakemake.threads):
        main(snakemake.input, snakemake.output, snakemake.params.cfg)
