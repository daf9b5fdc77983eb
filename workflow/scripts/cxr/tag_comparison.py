"""Networks that learn tags side by side, with what knows less and what was published."""

from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from cxr.comparison import main_protocol
from cxr.plan import RANDOM, STUDY

METRICS = ("accuracy_thresh", "fbeta", "macro_f1", "average_precision", "roc_auc", "gain")
COLUMNS = (
    "protocol",
    "name",
    "kind",
    "images",
    "patients",
    "labels",
    *(f"{metric}{end}" for metric in METRICS for end in ("", "_low", "_high")),
)
LABELS = ("name", "label", "images", "share", "average_precision", "low", "high", "f1")


def compare_tags(
    metrics: Mapping[str, Mapping[str, Any]], published: Mapping[str, Any] | None
) -> pd.DataFrame:
    """A row a protocol and network, reference or published number.

    Parameters
    ----------
    metrics : mapping of str to dict
        The networks' metrics documents, with `labels`.
    published : mapping, optional
        `study` and `values` by metric; they stand under the random division.

    Returns
    -------
    DataFrame
        Columns as in `COLUMNS`; `roc_auc` is of the classes, one against the rest;
        `gain` is `accuracy_thresh` less that of saying no to every label.
    """
    rows = []
    for name, document in metrics.items():
        for protocol, part in _tested(document):
            labels = part["labels"]
            nothing, *_ = labels["references"].values()
            values = {**labels, "roc_auc": part["roc_auc"], "gain": nothing["gain"]}
            rows.append(_row(protocol, name, "network", labels, values))
    for protocol, part in _tested(next(iter(metrics.values()))):
        for name, values in part["labels"]["references"].items():
            own = {metric: values[metric] for metric in ("accuracy_thresh", "fbeta")}
            rows.append(_row(protocol, name, "reference", part["labels"], own))
    if published is not None:
        told = {name: {"value": value} for name, value in published["values"].items()}
        rows.append(_row(RANDOM, published["study"], "published", {}, told))
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    counts = ["images", "patients", "labels"]
    table[counts] = table[counts].astype("Int64")
    order = ["protocol", "kind", "accuracy_thresh", "name"]
    return table.sort_values(order, ascending=[True, True, False, True], ignore_index=True)


def tag_precision(metrics: Mapping[str, Mapping[str, Any]]) -> pd.DataFrame:
    """Average precision and F1 of each label and network, under the protocol that counts.

    Returns
    -------
    DataFrame
        Columns as in `LABELS`; `share` of the images has the label, which is the average
        precision of chance.
    """
    rows = []
    for name, document in metrics.items():
        parts = dict(_tested(document))
        labels = parts[main_protocol(list(parts))]["labels"]
        for label, found in labels["per_label"].items():
            precision = found["average_precision"]
            row = {"name": name, "label": label, "images": found["images"]}
            row |= {"share": found["share"], "average_precision": precision["value"]}
            row |= {"low": precision["low"], "high": precision["high"]}
            rows.append(row | {"f1": found["f1"]["value"]})
    return pd.DataFrame(rows, columns=list(LABELS))


def _tested(document: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The test images of the study's own split and of each protocol."""
    yield STUDY, document["splits"]["test"]
    yield from document["protocols"].items()


def _row(
    protocol: str, name: str, kind: str, labels: Mapping[str, Any], values: Mapping[str, Any]
) -> dict[str, Any]:
    row: dict[str, Any] = {"protocol": protocol, "name": name, "kind": kind}
    row |= {count: labels.get(count) for count in ("images", "patients", "labels")}
    for metric in METRICS:
        found = values.get(metric, {})
        row |= {metric: found.get("value")}
        row |= {f"{metric}_{end}": found.get(end) for end in ("low", "high")}
    return row
