"""The features of one chunk of images by an encoder."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

from cxr.core.io import read_table, write_csv, write_table
from cxr.core.job import job
from cxr.core.settings import typed
from cxr.features.encoded import ImageChunk, encoded_table, original_files, rejected_images
from cxr.features.encoders.encode import encode_files
from cxr.features.encoders.load import load_encoder
from cxr.images.canonical import SourceImages
from cxr.networks.device import choose_device

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake


def main(input, output, cfg, threads):
    rows = typed(ImageChunk, cfg["chunk"]).of(read_table(input.cohort))
    images = SourceImages.of(input.sources, input.get("text"))
    encoder = load_encoder(cfg["encoder"], Path(input.encoder))
    encoded = encode_files(
        encoder,
        original_files(rows, images.roots),
        batch_size=cfg["encoder"]["batch_size"],
        device=choose_device(cfg["device"]),
        threads=threads,
        hidden=[images.hidden.get(image_id, ()) for image_id in rows["image_id"]],
    )
    write_csv(rejected_images(rows, encoded.failures), output.rejected)
    notes = {"encoder": json.dumps(encoder.description)}
    write_table(encoded_table(rows, encoded.features, encoded.rows), output.features, notes)


if __name__ == "__main__":
    with job(snakemake):
        main(snakemake.input, snakemake.output, snakemake.params.cfg, snakemake.threads)
