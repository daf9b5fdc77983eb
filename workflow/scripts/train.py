"""One network, trained on the training images alone."""

from pathlib import Path
from typing import TYPE_CHECKING

from cxr.cohort.tags import tag_names
from cxr.core.io import read_array, read_table, write_csv, write_json
from cxr.core.job import job
from cxr.core.settings import typed
from cxr.networks.weights import save_model
from cxr.training.card import model_card
from cxr.training.run import TrainingRun

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake


def main(input, output, cfg, code):
    run, cohort = typed(TrainingRun, cfg), read_table(input.cohort)
    checkpoint = Path(output.weights).with_name("checkpoint.pt")
    trained = run.fit(cohort, read_array(input.images), input.get("weights"), checkpoint, code)
    history = trained.result.history
    card = model_card(run, trained.network, trained.data, history, tag_names(cohort))
    save_model(trained.network, card, output.weights, output.model)
    write_csv(history, output.history)
    write_csv(trained.result.rate_tests, output.rate_tests)
    write_json(trained.result.timing, output.timing)
    trained.checkpoint.remove()


if __name__ == "__main__":
    with job(snakemake):
        main(snakemake.input, snakemake.output, snakemake.params.cfg, snakemake.params.code)
