"""The most similar images of a new one: a table and a contact sheet."""

from pathlib import Path
from typing import TYPE_CHECKING

from cxr.core.io import read_array, read_json, read_table, write_csv
from cxr.core.job import job, log
from cxr.features.backbone import extract_backbone_features, pretrained_backbone
from cxr.features.extract import extract_features
from cxr.figures.sheets import contact
from cxr.figures.style import save
from cxr.networks.weights import load_model
from cxr.similarity.comparison import image_records
from cxr.similarity.index import IndexSummary, read_index
from cxr.similarity.query import indexed_features, nearest_images, read_query
from cxr.similarity.sheets import sheet_of

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake


def features_of(image, input, cfg):
    if cfg["space"] == "backbone":
        return extract_backbone_features(pretrained_backbone(cfg["backbone"], input.weights), image)
    network, card = load_model(input.weights, input.model)
    return extract_features(network, image, card["image_size"])[0]


def main(input, output, cfg):
    image = read_query(input.query, cfg["image_size"], cfg["square"])
    cohort, search = read_table(input.cohort), read_json(input.search)
    records = image_records(cohort, read_table(input.metadata))
    index = read_index(input.index, IndexSummary.of(search))
    known = indexed_features(read_table(input.features), input.rejected)
    features = features_of(image, input, cfg)
    name = Path(input.query).name
    found = nearest_images(name, features, index, known, records, search["metric"], cfg["k"])
    write_csv(found, output.neighbours)
    title, sheet, pictures = sheet_of(found, image[0], cohort, read_array(input.images))
    save(contact({title: sheet}, records, pictures, cfg["classes"]), output.sheet)
    log.info("%s: %s", name, title)


if __name__ == "__main__":
    with job(snakemake.log[0], snakemake.threads, snakemake.params.code):
        main(snakemake.input, snakemake.output, snakemake.params.cfg)
