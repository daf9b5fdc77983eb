"""results/README.md describes every file of a run, with its columns and keys."""

import json
import re

import pandas as pd
import pyarrow.parquet as pq
import pytest

from cxr.core.paths import ROOT

pytestmark = pytest.mark.timeout(900)

WILDCARDS = {"<model>": "conv5", "<chunk>": r"(?:pca|s\d+_p\d+-\d+|\d{4})", "*": "[^/]+"}
# A column of each class, unit or metric's interval stands for all of them.
PATTERNS = (
    (r"_(low|high)$", ""),
    (r"^probability_.+", "probability_<class>"),
    (r"^label_.+", "label_<name>"),
    (r"^recall_.+", "recall_<class>"),
    (r"^f\d{3,}$", "f000"),
)
OF_VALUES = {"countries/<model>.csv"}  # a column a country


def rows():
    """What the page says, by the pattern of a file's name; "the same" is as the row above."""
    described, document, previous = {}, None, ""
    for line in (ROOT / "results" / "README.md").read_text().splitlines():
        if not line.startswith("| "):
            document = None
        if header := re.match(r"\| key of `(.+?)`", line):
            document = header[1]
        if not line.startswith("| `"):
            continue
        _, names, words, _ = line.split("|")
        if document is not None:
            described[document] += names
            continue
        words += previous if "he same" in words else ""
        described |= dict.fromkeys(re.findall(r"`([^`]+)`", names), words)
        previous = words
    return {
        name: words + "".join(described[other] for other in described if f"`{other}`" in words)
        for name, words in described.items()
    }


def matches(pattern, name):
    """Whether a file's name follows a pattern of the page; a folder's stands for what is in it."""
    expression = re.escape(pattern).replace(r"\*", "*")
    for wildcard, value in WILDCARDS.items():
        expression = expression.replace(wildcard, value)
    expression = re.sub(r"<\w+>", "[^/]+", expression)
    return re.fullmatch(expression + ".*" if pattern.endswith("/") else expression, name)


def columns(path):
    """The columns of a table, the keys of a document, nothing of other files."""
    if path.suffix == ".parquet":
        return pq.read_schema(path).names
    if path.suffix == ".csv":
        return list(pd.read_csv(path, nrows=0))
    return list(json.loads(path.read_text())) if path.suffix == ".json" else []


def documented(column, words):
    for pattern, general in PATTERNS:
        column = re.sub(pattern, general, column)
    return re.search(rf"(?<!\w){re.escape(column)}(?!\w)", words)


def test_every_file_and_column_of_a_run_is_described(finished):
    folder, described = finished.path / "results" / "tiny", rows()
    missing = []
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        name = path.relative_to(folder).as_posix()
        found = [pattern for pattern in described if matches(pattern, name)]
        if not found:
            missing.append(name)
        elif not OF_VALUES & set(found):
            words = " ".join(described[pattern] for pattern in found)
            missing += [f"{name}: {c}" for c in columns(path) if not documented(c, words)]
    assert missing == []
