"""Networks and baselines side by side."""

from typing import TYPE_CHECKING

from cxr.core.io import read_json, read_table, write_csv
from cxr.core.job import job
from cxr.evaluation.comparison import collect_networks, comparison_table, training_times_table
from cxr.figures.comparison import comparison, training_times
from cxr.figures.style import save

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake


def main(input, output, cfg):
    names = cfg["models"]
    studies = [read_table(path) for path in input.predictions]
    parts = [read_table(path) for path in input.get("parts", [])]
    networks = collect_networks(names, studies, parts)
    baselines = read_table(input.baselines) if input.get("baselines") else None
    cards = zip(names, map(read_json, input.cards), strict=True)
    parameters = {name: card["parameters"] for name, card in cards}
    cohort = read_table(input.cohort, columns=["image_id", "patient_id"])
    patients = cohort.set_index("image_id")["patient_id"]
    table = comparison_table(networks, baselines, parameters, patients, cfg["classes"], cfg["seed"])
    times = training_times_table(names, [read_json(path) for path in input.timings])
    write_csv(table, output.table)
    write_csv(times, output.times)
    save(comparison(table), output.figure)
    save(training_times(table, times), output.times_figure)


if __name__ == "__main__":
    with job(snakemake):
        main(snakemake.input, snakemake.output, snakemake.params.cfg)
