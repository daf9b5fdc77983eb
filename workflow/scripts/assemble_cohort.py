"""The balanced cohort of a study, its patient-grouped splits and its pixels."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from cxr.cohort.flow import flow_document
from cxr.cohort.selection import contradictions, select_images
from cxr.cohort.splits import assign_splits, link_patients
from cxr.cohort.tags import TAGS_COLUMN, assign_tags
from cxr.core.io import new_array, read_csv, read_table, write_csv, write_json, write_table
from cxr.core.job import job
from cxr.images.canonical import fill_cache
from cxr.images.duplicates import near_duplicates

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake


def main(input, output, cfg, threads):
    roots = {Path(root).name: Path(root) for root in input.sources}
    metadata, rejected = read_table(input.metadata), read_csv(input.rejected)
    contradicting: set[str] = set()
    while True:
        rows, flow = select_images(
            metadata, rejected, **cfg["selection"], contradicting=contradicting, seed=cfg["seed"]
        )
        pairs = write_pixels(rows, roots, output.images, cfg, threads)
        found = contradictions(rows, pairs)
        if not (found and cfg["exclude_contradictions"]):
            break
        contradicting |= found
    cohort = assign_splits(rows, pairs, link_patients(metadata), **cfg["splits"], seed=cfg["seed"])
    if cfg["tags"] is not None:
        cohort[TAGS_COLUMN], tags = assign_tags(rows, **cfg["tags"])
        write_csv(tags, output.tags)
    write_table(cohort, output.cohort)
    write_csv(flow.exclusions(), output.excluded)
    write_json(flow_document(flow, cohort), output.flow)


def write_pixels(rows, roots, path, cfg, threads):
    """The canonical pixels of some rows, and which pairs of them are near duplicates."""
    shape = (len(rows), cfg["image_size"], cfg["image_size"])
    with new_array(path, shape, np.uint8) as pixels:
        hashes = fill_cache(rows, roots, pixels, cfg["square"], threads)
        return near_duplicates(hashes, pixels, **cfg["near_duplicates"])


if __name__ == "__main__":
    with job(snakemake.log[0], snakemake.threads, snakemake.params.code):
        main(snakemake.input, snakemake.output, snakemake.params.cfg, snakemake.threads)
