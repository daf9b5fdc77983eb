"""One network trained for one part of a protocol, and its predictions there."""

from pathlib import Path
from typing import TYPE_CHECKING

from cxr.cohort.tags import label_names
from cxr.core.io import read_array, read_table, write_table
from cxr.core.job import job
from cxr.core.settings import typed
from cxr.evaluation.parts import PartSettings, predict_part
from cxr.evaluation.predictions import predictions_schema

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake


def main(input, output, cfg, code):
    settings, cohort = typed(PartSettings, cfg), read_table(input.cohort)
    predictions = predict_part(
        settings,
        cohort,
        read_table(input.folds),
        read_array(input.images),
        input.get("weights"),
        Path(output.predictions).with_suffix(".checkpoint"),
        code,
    )
    classes = settings.run.classes
    schema = predictions_schema(classes, label_names(cohort, classes))
    write_table(predictions, output.predictions, schema=schema)


if __name__ == "__main__":
    with job(snakemake):
        main(snakemake.input, snakemake.output, snakemake.params.cfg, snakemake.params.code)
