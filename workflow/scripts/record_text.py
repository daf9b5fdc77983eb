"""The metadata with fields of burned-in text, and the table of its words and markers."""

import logging
from typing import TYPE_CHECKING

from cxr.core.io import read_table, read_tables, write_csv, write_json, write_table
from cxr.core.job import job
from cxr.images.text_fields import text_summary, with_text_fields

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

log = logging.getLogger("cxr")


def main(input, output, cfg):
    metadata, boxes = read_table(input.metadata), read_tables(input.boxes)
    boxes = boxes.sort_values(["image_id", "top", "left"], ignore_index=True)
    write_table(with_text_fields(metadata, boxes, cfg["words"]), output.metadata)
    write_csv(boxes, output.text)
    summary = text_summary(metadata, boxes, read=cfg["words"] != "none")
    write_json(summary, output.summary)
    log.info("%d of %d images have burned-in text", summary["with_text"], summary["images"])
    if summary["warning"]:
        log.warning("%s", summary["warning"])


if __name__ == "__main__":
    with job(snakemake):
        main(snakemake.input, snakemake.output, snakemake.params.cfg)
