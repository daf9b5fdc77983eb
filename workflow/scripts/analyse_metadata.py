"""Analysis of the metadata: tables, associations, and classifiers that predict one field."""

from typing import TYPE_CHECKING

from cxr.analysis.description import join
from cxr.analysis.settings import AnalysisSettings
from cxr.analysis.tables import analyse_metadata
from cxr.core.io import read_csv, read_table, write_csv, write_table
from cxr.core.job import job
from cxr.core.settings import typed
from cxr.figures.metadata import classifiers, pairs, values
from cxr.figures.style import save

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake


def main(input, output, cfg):
    settings = typed(AnalysisSettings, cfg)
    rows = join(read_table(input.cohort), read_table(input.metadata))
    cleaning, spellings = read_csv(input.cleaning), read_csv(input.spellings)
    tables = analyse_metadata(rows, cleaning, spellings, settings)
    for name in ("cleaning", "frequencies", "missing", "classifiers", "associations"):
        write_csv(getattr(tables, name), output[name])
    write_table(tables.encoded, output.encoded)
    target, predictors = settings.task.target, settings.task.predictors
    save(values(tables.frequencies, tables.missing), output.values_figure)
    save(pairs(rows, target, predictors), output.pairs_figure)
    save(classifiers(tables.classifiers, target), output.classifiers_figure)


if __name__ == "__main__":
    with job(snakemake):
        main(snakemake.input, snakemake.output, snakemake.params.cfg)
