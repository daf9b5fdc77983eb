"""Every representation of a study side by side, in one long table."""

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd

from cxr.clustering.agreement import rand_index
from cxr.core.progress import Progress
from cxr.representations.images import CLASS, Features, MeasuredImages, measured_images
from cxr.representations.probes import ALL, TEST, probe_fields
from cxr.similarity.retrieval import SharedField, retrieve, select_queries, summarise
from cxr.similarity.severity import (
    EXTENT,
    MEAN,
    REGRESSION,
    estimate_severity,
    insufficiency,
    severity_errors,
)
from cxr.similarity.space import Metric

log = logging.getLogger("cxr")

PRECISION, AVERAGE_PRECISION = "precision", "average precision"
CORRELATION, ERROR = "severity correlation", "severity error"
AGREEMENT = "cluster agreement"
COLUMNS = (
    *("representation", "kind", "units", "measure", "field", "other", "scope"),
    *("value", "low", "high", "chance", "images", "patients", "levels"),
)


@dataclass(frozen=True)
class Subject:
    """A representation that is compared.

    Attributes
    ----------
    name, kind : str
    saw_classes : bool
        Whether it was trained on the classes of the training images, so that test images alone
        say what it knows.
    """

    name: str
    kind: str
    saw_classes: bool


@dataclass(frozen=True)
class RepresentationSettings:
    """How representations are compared.

    Attributes
    ----------
    subjects : tuple of Subject
    models : tuple of str
        Those with clusters of their own.
    k : int
        Neighbours of an image.
    metric : Metric
    seed : int
    """

    subjects: tuple[Subject, ...]
    models: tuple[str, ...]
    k: int
    metric: Metric
    seed: int


def compare_representations(
    cohort: pd.DataFrame,
    metadata: pd.DataFrame,
    tables: Mapping[str, pd.DataFrame],
    clusters: Mapping[str, pd.DataFrame],
    settings: RepresentationSettings,
) -> pd.DataFrame:
    """What each representation knows of the class, of fields and of severity; who agrees.

    Parameters
    ----------
    cohort, metadata : DataFrame
    tables : mapping of str to DataFrame
        Features by the name of their representation.
    clusters : mapping of str to DataFrame
        `image_id, cluster` of the selected clusters, by the name of the model.
    settings : RepresentationSettings

    Returns
    -------
    DataFrame
        `COLUMNS`. Measures: `linear probe` and `k-NN probe`, balanced accuracy of images of
        held-out patients; `precision` at k and `average precision` of the neighbours, the own
        patient left out; `severity correlation` (Spearman's) and `severity error` (mean, in the
        raters' units) of a ridge regression; `cluster agreement` with the clusters of `other`
        (adjusted Rand index). `scope` says whether all images count, or the test images alone:
        of representations that were trained on the classes only these do. `chance` is what
        knows nothing: one over the levels, the base rate, or the error of the mean.
    """
    images = measured_images(cohort, metadata, tables)
    tested = any(subject.saw_classes for subject in settings.subjects) and images.test.any()
    progress = Progress(len(settings.subjects), "representations")
    rows: list[dict[str, Any]] = []
    for subject in settings.subjects:
        scopes = ((ALL,) if not subject.saw_classes else ()) + ((TEST,) if tested else ())
        features = Features.of(tables[subject.name], images, settings.metric, settings.seed)
        found = [
            *probe_fields(features, images, scopes, settings.seed),
            *_neighbours(features, images, scopes, settings),
        ]
        of_subject = {"representation": subject.name, "kind": subject.kind}
        rows += [of_subject | {"units": features.n_units} | row for row in found]
        progress.step()
    rows += [*_severity(tables, images, settings), *_agreement(clusters, settings)]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _neighbours(
    features: Features,
    images: MeasuredImages,
    scopes: Sequence[str],
    settings: RepresentationSettings,
) -> Iterator[dict[str, Any]]:
    """Precision and average precision of the neighbours, for the class and every field."""
    space = features.space
    if space.is_flat or len(space.image_ids) < 2:
        return
    records = images.fields.loc[space.image_ids]
    test = pd.Series(images.test, images.records.index).loc[space.image_ids].to_numpy()
    patients = images.records.loc[space.image_ids, "patient_id"].to_numpy(dtype=np.str_)
    fields = [SharedField(name, records[name].to_numpy(dtype=object)) for name in records]
    for scope in scopes:
        counted = np.flatnonzero(test if scope == TEST else np.ones(len(test), dtype=bool))
        queries = counted[select_queries(space.owners[counted], settings.seed)]
        if not len(queries):
            continue
        found = retrieve(space, queries, fields, settings.k, own_patient=False)
        for number, field in enumerate(fields):
            of_field = found[found["field_index"] == number]
            if of_field.empty:
                continue
            means = summarise(of_field, patients, settings.seed, by_level=False)[0]
            for measure in (PRECISION, AVERAGE_PRECISION):
                column = measure.replace(" ", "_")
                yield {
                    **{"measure": measure, "field": field.field, "scope": scope},
                    "value": means[column],
                    "low": means[f"{column}_low"],
                    "high": means[f"{column}_high"],
                    "chance": means["base_rate"],
                    "images": means["queries"],
                    "patients": means["patients"],
                    "levels": records[field.field].nunique(),
                }


def _severity(
    tables: Mapping[str, pd.DataFrame], images: MeasuredImages, settings: RepresentationSettings
) -> Iterator[dict[str, Any]]:
    """How well a regression on the features follows the raters' scores of severity."""
    if EXTENT not in images.records or insufficiency(images.records) is not None:
        return
    of_images = {
        subject.name: tables[subject.name][
            tables[subject.name]["image_id"].isin(images.records.index)
        ]
        for subject in settings.subjects
    }
    methods = (MEAN, REGRESSION)
    estimates = estimate_severity(
        of_images, images.records, settings.metric, settings.seed, methods
    )
    errors = severity_errors(estimates, settings.seed)
    by_name = {subject.name: subject for subject in settings.subjects}
    of_mean = {(row["target"], row["space"]): row for row in errors if row["gain"] is None}
    for row in errors:
        if row["method"] != REGRESSION:
            continue
        name = row["space"]
        keys = {
            **{"representation": name, "kind": by_name[name].kind, "scope": ALL},
            **{"units": tables[name].filter(regex=r"^f\d+$").shape[1], "field": row["target"]},
            **{"images": row["images"], "patients": row["patients"]},
        }
        chance = of_mean[row["target"], name]["error"]["value"]
        yield {**keys, "measure": CORRELATION, "chance": 0.0, **row["spearman"]}
        yield {**keys, "measure": ERROR, "chance": chance, **row["error"]}


def _agreement(
    clusters: Mapping[str, pd.DataFrame], settings: RepresentationSettings
) -> Iterator[dict[str, Any]]:
    """The adjusted Rand index of each pair of models, of the images that are on both maps."""
    kinds = {subject.name: subject.kind for subject in settings.subjects}
    labels = {
        name: clusters[name].set_index("image_id")["cluster"].astype(np.int64)
        for name in settings.models
        if (clusters[name]["cluster"] >= 0).any()
    }
    for one, other in combinations(labels, 2):
        shared = labels[one].index.intersection(labels[other].index)
        pair = labels[one].loc[shared].to_numpy(), labels[other].loc[shared].to_numpy()
        index = float(rand_index(*pair))
        for name, beside in ((one, other), (other, one)):
            yield {
                **{"representation": name, "kind": kinds[name], "other": beside},
                **{"measure": AGREEMENT, "field": "cluster", "scope": ALL},
                **{"value": round(index, 6), "chance": 0.0, "images": len(shared)},
            }


def class_rows(table: pd.DataFrame, measure: str, field: str = CLASS) -> pd.DataFrame:
    """The rows of one measure of a field, in the scope in which representations can be compared.

    That is the test images where the table has any, else all.
    """
    rows = table[(table["measure"] == measure) & (table["field"] == field)]
    scope = TEST if (rows["scope"] == TEST).any() else ALL
    return rows[rows["scope"] == scope]
