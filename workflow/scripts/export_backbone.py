"""The features of a network with ImageNet weights, without any training on the images."""

from typing import TYPE_CHECKING

from cxr.core.hashing import file_sha256
from cxr.core.io import read_array, read_table, write_table
from cxr.core.job import job
from cxr.features.backbone import extract_backbone_features, pretrained_backbone
from cxr.features.tables import features_table

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake


def main(input, output, cfg):
    network = pretrained_backbone(cfg["backbone"], input.weights)
    features = extract_backbone_features(network, read_array(input.images), device=cfg["device"])
    notes = {"model_sha256": file_sha256(input.weights), "architecture": cfg["backbone"]}
    write_table(features_table(read_table(input.cohort), features), output.features, notes=notes)


if __name__ == "__main__":
    with job(snakemake):
        main(snakemake.input, snakemake.output, snakemake.params.cfg)
