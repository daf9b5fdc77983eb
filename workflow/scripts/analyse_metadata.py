"""What the recorded fields say of each other: tables, and a classifier's view of them."""

from typing import TYPE_CHECKING

from cxr.analysis.classifiers import Question, encode, predict_target
from cxr.analysis.description import before_and_after, frequencies, join, missing
from cxr.analysis.relations import relate
from cxr.core.io import read_csv, read_table, write_csv, write_table
from cxr.core.job import job
from cxr.figures.metadata import classifiers, pairs, values
from cxr.figures.style import save

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake


def main(input, output, cfg):
    rows = join(read_table(input.cohort), read_table(input.metadata))
    target, predictors = cfg["asked"]["target"], cfg["asked"]["predictors"]
    fields, chance = [target, *predictors], cfg["validation"]
    texts = rows[fields].select_dtypes(exclude="number").columns
    counted, gaps = frequencies(rows, texts), missing(rows, fields)
    question = Question.of(rows, **cfg["asked"])
    published = (cfg["published"] or {}).get("values", {})
    predicted = predict_target(question, published=published, **chance)
    related = relate(rows, target, predictors, chance["permutations"], chance["seed"])
    cleaned = before_and_after(read_csv(input.cleaning), read_csv(input.spellings))
    write_csv(cleaned, output.cleaning)
    write_csv(counted, output.frequencies)
    write_csv(gaps, output.missing)
    write_table(encode(question), output.encoded)
    write_csv(predicted, output.classifiers)
    write_csv(related, output.associations)
    save(values(counted, gaps), output.values_figure)
    save(pairs(rows, target, predictors), output.pairs_figure)
    save(classifiers(predicted, target), output.classifiers_figure)


if __name__ == "__main__":
    with job(snakemake.log[0], snakemake.threads, snakemake.params.code):
        main(snakemake.input, snakemake.output, snakemake.params.cfg)
