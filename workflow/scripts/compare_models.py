"""Networks and baselines side by side."""

from typing import TYPE_CHECKING

import pandas as pd

from cxr.core.io import read_json, read_table, write_csv
from cxr.core.job import job
from cxr.evaluation.comparison import collect_test_predictions, comparison_table
from cxr.figures.comparison import comparison, training_times
from cxr.figures.style import save

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake


def main(input, output, cfg):
    cohort = read_table(input.cohort, columns=["image_id", "patient_id"])
    names, parts = cfg["models"], len(cfg["parts"])
    own = [read_table(path) for path in input.predictions]
    anew = [read_table(path) for path in input.get("parts", [])]
    networks = {
        name: collect_test_predictions(own[i], anew[i * parts : (i + 1) * parts])
        for i, name in enumerate(names)
    }
    baselines = read_table(input.baselines) if input.get("baselines") else None
    parameters = {
        name: read_json(path)["parameters"] for name, path in zip(names, input.cards, strict=True)
    }
    patients = cohort.set_index("image_id")["patient_id"]
    table = comparison_table(networks, baselines, parameters, patients, cfg["classes"], cfg["seed"])
    timings = [read_json(path) for path in input.timings]
    times = pd.DataFrame([{"name": n, **t} for n, t in zip(names, timings, strict=True)])
    write_csv(table, output.table)
    write_csv(times, output.times)
    save(comparison(table), output.figure)
    save(training_times(table, times), output.times_figure)


if __name__ == "__main__":
    with job(snakemake.log[0], snakemake.threads, snakemake.params.code):
        main(snakemake.input, snakemake.output, snakemake.params.cfg)
