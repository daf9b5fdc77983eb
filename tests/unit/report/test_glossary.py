"""Every statistic of the page's tables has an entry in the glossary."""

import re

import pytest

from cxr.report.glossary import glossary
from cxr.report.rendering import HERE

TEMPLATES = sorted((HERE / "templates").glob("*.html"))
STATISTICS = (
    *("accuracy", "balance", "calibration", "consensus", "cramér", "dbcv", "precision", "f1"),
    *("jaccard", "rand index", "roc", "sensitivity", "specificity", "spearman", "mutual"),
    *("enrichment", "null ", "threshold", "baseline", "effect size", "base rate", "attainable"),
)
# Headings that hold such a word and are no statistic.
PLAIN = {
    *("network or baseline", "baseline", "accuracy_thresh", "share of the network's advantage"),
    *("average precision, image-level split", "base rate within class"),
    *("gain over base rate within class",),
}


def headings(path):
    found = re.findall(r'<th scope="col"[^>]*>([^<{]+)</th>', path.read_text(encoding="utf-8"))
    return {text.strip().lower() for text in found}


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.stem)
def test_statistics_in_tables_are_explained(path):
    names = {name for term in glossary(None) for name in term.names.split("\n")}
    asked = {h for h in headings(path) if any(word in h for word in STATISTICS)}
    assert asked - names - PLAIN == set()


def test_entries_are_sorted_have_ids_of_their_own_and_follow_the_config():
    terms = glossary({"alpha": 0.01, "effect": 0.3, "jaccard": 0.6})
    assert len({term.id for term in terms}) == len(terms)
    names = [name for term in terms for name in term.names.split("\n")]
    assert len(names) == len(set(names))
    by_name = {term.name: term for term in terms}
    assert by_name["p value"].threshold == "p ≤ 0.01"
    assert "0.6" in by_name["Jaccard similarity"].threshold
    assert "0.3" in by_name["Cramér's V"].threshold
