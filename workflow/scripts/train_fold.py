"""The features of a part of the patients by a network that was trained on the others."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from cxr.core.io import read_array, read_table, write_table
from cxr.core.job import job
from cxr.features.extract import extract_features
from cxr.features.tables import features_table
from cxr.similarity.folds import fold_of
from cxr.training.retrain import train_anew

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake


def main(input, output, cfg, code):
    whole, images = read_table(input.cohort), read_array(input.images)
    cohort = fold_of(whole, **cfg["division"], seed=cfg["seed"])
    features = np.zeros((0, cfg["model"]["feature_dim"]), dtype=np.float32)
    if not cohort.empty:
        target = Path(output.features)
        network, size = train_anew(cohort, images, input.get("weights"), target, cfg, code)
        held_out = (cohort["split"] == "test").to_numpy()
        cohort, features = cohort[held_out], extract_features(network, images[held_out], size)[0]
    write_table(features_table(cohort, features), output.features)


if __name__ == "__main__":
    with job(snakemake.log[0], snakemake.threads, snakemake.params.code):
        main(snakemake.input, snakemake.output, snakemake.params.cfg, snakemake.params.code)
