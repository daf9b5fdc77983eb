"""A network as a page that classifies images in the browser, offline."""

import logging
from pathlib import Path
from typing import TYPE_CHECKING

from cxr.app.content import model_document, operating_point, page_document
from cxr.app.facts import model_facts
from cxr.app.graph import browser_graph
from cxr.app.packing import write_page
from cxr.app.page import render_page
from cxr.app.reference import study_images, training_distance
from cxr.app.runtime import runtime_files
from cxr.app.separated import separated
from cxr.app.settings import AppSettings
from cxr.core.io import read_array, read_json, read_table
from cxr.core.job import job
from cxr.networks.weights import load_model

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

log = logging.getLogger("cxr")


def main(input, output, cfg):
    settings = AppSettings.of(cfg)
    network, card = load_model(input.weights, input.card)
    cohort, images = read_table(input.cohort), read_array(input.images)
    graph = browser_graph(network, card, images)
    log.info(
        "weights as %s: probabilities differ by %.2g, maps correlate by at least %.4g",
        *(graph.precision, graph.difference, graph.correlation),
    )
    point = operating_point(read_table(input.predictions), card["classes"])
    model = model_document(card, graph, point, read_json(input.metrics))
    features, clusters = read_table(input.features), read_table(input.clusters)
    shown = study_images(cohort, images, features, clusters, settings)
    distance = training_distance(network, card, cohort, images, settings)
    facts = model_facts(dict(input.items()), settings.study, settings.model, settings.title)
    weights, places = separated(graph.onnx)
    document = {**page_document(facts, model, shown, distance), "separated": places}
    runtime = runtime_files(Path(input.runtime))
    page = render_page(facts, document, weights, runtime, read_json(input.provenance))
    write_page(page, output.app)
    log.info("%s: %.1f MB", output.app, Path(output.app).stat().st_size / 1e6)


if __name__ == "__main__":
    with job(snakemake):
        main(snakemake.input, snakemake.output, snakemake.params.cfg)
