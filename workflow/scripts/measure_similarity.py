"""Retrieval metrics of every feature space, and the groups of severity among neighbours."""

from typing import TYPE_CHECKING

from cxr.core.io import read_table, write_csv, write_table
from cxr.core.job import job
from cxr.core.settings import typed
from cxr.similarity.comparison import (
    HELD_OUT,
    build_spaces,
    compare_spaces,
    image_records,
    read_feature_tables,
)
from cxr.similarity.groups import group_composition
from cxr.similarity.neighbours import neighbours_by_part
from cxr.similarity.settings import ComparisonSettings

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake


def main(input, output, cfg):
    settings = typed(ComparisonSettings, cfg)
    k, seed = settings.k, settings.seed
    records = image_records(read_table(input.cohort), read_table(input.metadata))
    baselines = dict(zip(settings.baselines, input.get("baselines", []), strict=True))
    backbone = input.get("backbone")
    tables = read_feature_tables(input.features, backbone, baselines, settings.space)
    folds = [read_table(path) for path in input.get("folds", [])]
    searches = build_spaces(tables, folds, records, settings.metric, seed)
    write_csv(compare_spaces(searches, k, seed), output.retrieval)
    groups = group_composition(searches.spaces, records, settings.severity, k, seed)
    write_csv(groups, output.groups)
    held_out = neighbours_by_part(searches.spaces.get(HELD_OUT, []), k, settings.own_patient)
    write_table(held_out, output.held_out)


if __name__ == "__main__":
    with job(snakemake):
        main(snakemake.input, snakemake.output, snakemake.params.cfg)
