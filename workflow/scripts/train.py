"""One network, trained on the training images alone."""

from pathlib import Path
from typing import TYPE_CHECKING

from cxr.checkpoint import Checkpoint
from cxr.io import read_array, read_table, write_csv
from cxr.job import job
from cxr.models import build, load_body, save_model
from cxr.training import Data, Recipe, describe, train

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake


def main(input, output, cfg, code):
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
    # An undeclared file: declared outputs are deleted when a job fails or is run again.
    checkpoint = Checkpoint(
        Path(output.weights).with_name("checkpoint.pt"), dict(cfg), data.digest(), code
    )
    history = train(network, data, recipe, cfg["seed"], checkpoint)
    card = describe(network, data, history, cfg)
    save_model(network, card, output.weights, output.model)
    write_csv(history, output.history)
    checkpoint.remove()


if __name__ == "__main__":
    with job(log=snakemake.log[0], threads=snakemake.threads):
        main(snakemake.input, snakemake.output, snakemake.params.cfg, snakemake.params.code)
