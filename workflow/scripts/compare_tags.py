"""Networks that learn tags side by side, and each tag by itself."""

from typing import TYPE_CHECKING

from cxr.core.io import read_json, write_csv
from cxr.core.job import job
from cxr.evaluation.tag_comparison import compare_tags, tag_precision
from cxr.figures.style import save
from cxr.figures.tags import precision

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake


def main(input, output, cfg):
    metrics = {n: read_json(path) for n, path in zip(cfg["models"], input.metrics, strict=True)}
    each = tag_precision(metrics)
    write_csv(compare_tags(metrics, cfg["published"]), output.table)
    write_csv(each, output.each)
    save(precision(each), output.figure)


if __name__ == "__main__":
    with job(snakemake):
        main(snakemake.input, snakemake.output, snakemake.params.cfg)
