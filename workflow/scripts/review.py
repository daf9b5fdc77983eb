"""The labels and images that a person should look at first, and a sheet of them."""

from typing import TYPE_CHECKING

import pandas as pd

from cxr.core.io import read_array, read_csv, read_table, write_csv
from cxr.core.job import job
from cxr.evaluation.field_study import main_predictions
from cxr.evaluation.review import ReviewStudy, review_list
from cxr.features.tables import feature_matrix
from cxr.figures.review import first_pictures, review_sheet
from cxr.figures.style import save

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake


def main(input, output, cfg):
    cohort, images = read_table(input.cohort), read_array(input.images)
    parts = [read_table(path) for path in input.get("parts", [])]
    study = ReviewStudy(
        cohort=cohort,
        images=images,
        features=feature_matrix(read_table(input.features)),
        predictions=main_predictions(read_table(input.predictions), parts),
        excluded=pd.concat([read_csv(input.excluded), read_csv(input.rejected)]),
        classes=cfg["classes"],
    )
    table = review_list(study)
    write_csv(table, output.review)
    save(review_sheet(table, first_pictures(table, cohort, images)), output.figure)


if __name__ == "__main__":
    with job(snakemake):
        main(snakemake.input, snakemake.output, snakemake.params.cfg)
