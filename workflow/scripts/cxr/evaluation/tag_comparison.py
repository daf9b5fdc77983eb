"""Networks that learn tags side by side, with simple references and published numbers."""

from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from cxr.evaluation.comparison import main_protocol
from cxr.planning.parts import RANDOM, STUDY

METRICS = (
    "accuracy_thresh",
    "fbeta",
    "macro_f1",
    "average_precision",
    "roc_auc",
    "gain",
    "tag_gain",
)
COUNTS = ("images", "patients", "labels", "occurring")
COLUMNS = (
    "protocol",
    "name",
    "kind",
    *COUNTS,
    *(f"{metric}{end}" for metric in METRICS for end in ("", "_low", "_high")),
)
LABELS = (
    "protocol",
    "name",
    "label",
    "images",
    "share",
    "class_known",
    "average_precision",
    "low",
    "high",
    "gain",
    "gain_low",
    "gain_high",
    "f1",
)


def compare_tags(
    metrics: Mapping[str, Mapping[str, Any]], published: Mapping[str, Any] | None
) -> pd.DataFrame:
    """A row a protocol and network, reference or published number.

    Parameters
    ----------
    metrics : mapping of str to dict
        The networks' metrics documents, with `labels`.
    published : mapping, optional
        `study` and `values` by metric, as of image-level splits.

    Returns
    -------
    DataFrame
        Columns as in `COLUMNS`; `roc_auc` is of the classes, one against the rest;
        `gain` is `accuracy_thresh` less that of saying no to every label, `tag_gain`
        less that of the same network with no to every tag, which has a row as well.
    """
    rows = []
    for name, document in metrics.items():
        for protocol, part in _protocols(document):
            labels = part["labels"]
            no_label, *_ = labels["references"].values()
            no_tag = labels["without_tags"]
            values = {**labels, "roc_auc": part["roc_auc"]}
            values |= {"gain": no_label["gain"], "tag_gain": no_tag["gain"]}
            rows.append(_row(protocol, name, "network", labels, values))
            image_metrics = _image_metrics(no_tag)
            rows.append(_row(protocol, f"{name}, no tag", "reference", labels, image_metrics))
    for protocol, part in _protocols(next(iter(metrics.values()))):
        for name, values in part["labels"]["references"].items():
            rows.append(_row(protocol, name, "reference", part["labels"], _image_metrics(values)))
    if published is not None:
        reported = {name: {"value": value} for name, value in published["values"].items()}
        rows.append(_row(RANDOM, published["study"], "published", {}, reported))
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    table = table.astype(dict.fromkeys(COUNTS, "Int64"))
    order = ["protocol", "kind", "accuracy_thresh", "name"]
    return table.sort_values(order, ascending=[True, True, False, True], ignore_index=True)


def tag_precision(metrics: Mapping[str, Mapping[str, Any]]) -> pd.DataFrame:
    """Average precision and F1 of each label and network.

    Returns
    -------
    DataFrame
        Columns as in `LABELS`, first under the main protocol and then, where there is one,
        under image-level splits. `share` of the images has the label, which is the average
        precision of random scores; `class_known` is that of random scores within the true
        class, null for classes, and `gain` how much more the network reaches.
    """
    rows = []
    main = main_protocol([protocol for protocol, _ in _protocols(next(iter(metrics.values())))])
    for protocol in dict.fromkeys((main, RANDOM)):
        for name, document in metrics.items():
            for label, values in _labels(document, protocol).items():
                row = {"protocol": protocol, "name": name, "label": label}
                row |= {key: values[key] for key in ("images", "share")}
                row |= {"f1": values["f1"]["value"]}
                row |= {"average_precision": values["average_precision"]["value"]}
                row |= {end: values["average_precision"][end] for end in ("low", "high")}
                if "gain" in values:
                    row |= {"class_known": values["class_known"]["value"]}
                    row |= {"gain": values["gain"]["value"]}
                    row |= {f"gain_{end}": values["gain"][end] for end in ("low", "high")}
                rows.append(row)
    table = pd.DataFrame(rows, columns=list(LABELS))
    return table.astype(dict.fromkeys(("class_known", "gain", "gain_low", "gain_high"), "float64"))


def _labels(document: Mapping[str, Any], protocol: str) -> Mapping[str, Mapping[str, Any]]:
    """Each label's metrics under a protocol, none where it was not run."""
    parts = dict(_protocols(document))
    return parts[protocol]["labels"]["per_label"] if protocol in parts else {}


def _image_metrics(values: Mapping[str, Any]) -> dict[str, Any]:
    return {metric: values[metric] for metric in ("accuracy_thresh", "fbeta")}


def _protocols(document: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The test images of the study's own split and of each protocol."""
    yield STUDY, document["splits"]["test"]
    yield from document["protocols"].items()


def _row(
    protocol: str, name: str, kind: str, labels: Mapping[str, Any], values: Mapping[str, Any]
) -> dict[str, Any]:
    row: dict[str, Any] = {"protocol": protocol, "name": name, "kind": kind}
    row |= {count: labels.get(count) for count in COUNTS}
    for metric in METRICS:
        value = values.get(metric, {})
        row |= {metric: value.get("value")}
        row |= {f"{metric}_{end}": value.get(end) for end in ("low", "high")}
    return row
