"""The model card of a network, in the format of model hubs."""

from typing import TYPE_CHECKING

from cxr.app.facts import model_facts
from cxr.app.page import render_card
from cxr.core.io import write_text
from cxr.core.job import job

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake


def main(input, output, cfg):
    facts = model_facts(dict(input.items()), cfg["study"], cfg["model"], cfg["title"])
    write_text(render_card(facts), output.readme)


if __name__ == "__main__":
    with job(snakemake):
        main(snakemake.input, snakemake.output, snakemake.params.cfg)
