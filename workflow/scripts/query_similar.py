"""The most similar images of a new one: a table and a contact sheet."""

import logging
from pathlib import Path
from typing import TYPE_CHECKING

from cxr.core.io import read_array, read_json, read_table, write_csv
from cxr.core.job import job
from cxr.core.settings import typed
from cxr.features.index import IndexSummary, read_index
from cxr.figures.sheets import contact
from cxr.figures.style import save
from cxr.similarity.comparison import image_records
from cxr.similarity.query import (
    QuerySettings,
    indexed_features,
    nearest_images,
    query_features,
    read_query,
)
from cxr.similarity.sheets import query_sheet

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

log = logging.getLogger("cxr")


def main(input, output, cfg):
    settings = typed(QuerySettings, cfg)
    query = read_query(input.query, settings.image_size, settings.square, settings.hide_text)
    cohort, search = read_table(input.cohort), read_json(input.search)
    records = image_records(cohort, read_table(input.metadata))
    index = read_index(input.index, IndexSummary.of(search))
    indexed = indexed_features(read_table(input.features), input.rejected)
    features = query_features(query, settings, input.weights, input.get("model"))
    name, metric = Path(input.query).name, search["metric"]
    neighbours = nearest_images(name, features, index, indexed, records, metric, settings.k)
    write_csv(neighbours, output.neighbours)
    title, sheet, images = query_sheet(
        neighbours, query.canonical[0], cohort, read_array(input.images)
    )
    save(contact({title: sheet}, records, images, settings.classes), output.sheet)
    log.info("%s", title)


if __name__ == "__main__":
    with job(snakemake):
        main(snakemake.input, snakemake.output, snakemake.params.cfg)
