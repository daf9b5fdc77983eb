"""The predictions of classifiers that see shape, thumbnails, borders, lungs or own fields alone."""

from typing import TYPE_CHECKING

from cxr.core.io import read_array, read_csv, read_table, write_table
from cxr.core.job import job
from cxr.evaluation.baselines import baseline_inputs, predict_baselines

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake


def main(input, output, cfg):
    cohort, folds = read_table(input.cohort), read_table(input.folds)
    files = read_table(input.metadata)
    files = files.merge(read_csv(input.quality)[["image_id", "bands"]], on="image_id")
    lungs = read_array(input.lungs) if input.lungs else None
    inputs = baseline_inputs(cohort, files, [read_array(input.images)], cfg["modality"], lungs)
    predictions = predict_baselines(cohort, folds, inputs, cfg["classes"], cfg["seed"])
    write_table(predictions, output.predictions)


if __name__ == "__main__":
    with job(snakemake):
        main(snakemake.input, snakemake.output, snakemake.params.cfg)
