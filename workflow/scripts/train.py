"""One network, trained on the training images alone."""

from pathlib import Path
from typing import TYPE_CHECKING

from cxr.cohort.tags import tag_names
from cxr.core.io import read_array, read_table, write_csv, write_json
from cxr.core.job import job
from cxr.networks.weights import save_model, start_network
from cxr.training.checkpoint import Checkpoint
from cxr.training.dataset import TrainingData
from cxr.training.loop import model_card, train
from cxr.training.recipe import Recipe

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake


def main(input, output, cfg, code):
    model = cfg["model"]
    cohort = read_table(input.cohort)
    data = TrainingData.of(cohort, read_array(input.images), cfg["classes"])
    network = start_network(
        model, len(cfg["classes"]), cfg["seed"], input.get("weights"), data.n_tags
    )
    # An undeclared file: declared outputs are deleted when a job fails or is run again.
    checkpoint = Checkpoint(
        Path(output.weights).with_name("checkpoint.pt"), dict(cfg), data.digest(), code
    )
    trained = train(network, data, Recipe.of(model["training"]), cfg["seed"], checkpoint)
    card = model_card(network, data, trained.history, cfg, tag_names(cohort))
    save_model(network, card, output.weights, output.model)
    write_csv(trained.history, output.history)
    write_csv(trained.rate_tests, output.rate_tests)
    write_json(trained.timing, output.timing)
    checkpoint.remove()


if __name__ == "__main__":
    with job(snakemake.log[0], snakemake.threads, snakemake.params.code):
        main(snakemake.input, snakemake.output, snakemake.params.cfg, snakemake.params.code)
