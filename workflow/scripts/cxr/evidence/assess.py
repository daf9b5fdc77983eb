"""Everything that is known of a study's clusters, in one document."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from cxr.config.catalogue.null_models import NULL_MODELS
from cxr.evidence.null_search import compare_with_null
from cxr.evidence.probes import probe
from cxr.evidence.sample import Sample, insufficiency
from cxr.evidence.search import Search, SearchResult, search
from cxr.evidence.sensitivity import choice_sensitivity
from cxr.evidence.separation import map_faithfulness, separation_test
from cxr.evidence.stability import Stability
from cxr.evidence.verdict import decide
from cxr.statistics.association import (
    MISSING_AS_LEVEL,
    MISSING_DROPPED,
    association_table,
    stratified_association,
)

STRATA = ("doi", "view", "source")
TRUSTED = 10
SUBJECT = "features"
MAPS = pa.schema(
    {
        "subject": pa.string(),
        "image_id": pa.string(),
        "x": pa.float64(),
        "y": pa.float64(),
        "cluster": pa.int32(),
    }
)


@dataclass(frozen=True)
class StudyRecords:
    """What the jobs before found, as tables.

    Attributes
    ----------
    clusters : DataFrame
        The study's clusters: `image_id, x, y, cluster`.
    ranking, embeddings : DataFrame
    fields : DataFrame
        As from `cxr.evidence.covariates.recorded_fields`.
    patients : Series
        By image_id.
    replicates : DataFrame
        As in `cxr.evidence.null_search.SIMULATIONS`.
    repeats : DataFrame
        As in `cxr.evidence.resampling.REPEATS`.
    controls : mapping of str to Sample
        Of the same images.
    """

    clusters: pd.DataFrame
    ranking: pd.DataFrame
    embeddings: pd.DataFrame
    fields: pd.DataFrame
    patients: pd.Series
    replicates: pd.DataFrame
    repeats: pd.DataFrame
    controls: Mapping[str, Sample]


@dataclass(frozen=True)
class Evidence:
    """The evidence.

    Attributes
    ----------
    document : dict
        What `evidence/<model>.json` holds.
    associations : DataFrame
    maps : DataFrame
        Columns as in `MAPS`: the best map of the features and of each control.
    """

    document: dict[str, Any]
    associations: pd.DataFrame
    maps: pd.DataFrame


def assess(material: Sample, records: StudyRecords, settings: Mapping[str, Any]) -> Evidence:
    """Weighs the clusters of a study.

    Parameters
    ----------
    material : Sample
        The mapped images, or a sample of them.
    records : Records
    settings : mapping
        `search` as for `Search.of`, `seed`, `permutations`, `splits`, `thresholds`.

    Returns
    -------
    Weighed
        With too few images or patients most parts of the document are null, and
        the verdict is inconclusive.
    """
    thresholds = settings["thresholds"]
    clusters = records.clusters.set_index("image_id")["cluster"]
    n_clusters = int(clusters.max()) + 1
    document: dict[str, Any] = {
        "n_images": len(clusters),
        "n_patients": records.patients.loc[clusters.index].nunique(),
        "n_sampled": len(material.image_ids),
        "n_clusters": n_clusters,
        "insufficient": insufficiency(
            len(material.image_ids), material.n_patients, n_clusters, thresholds
        ),
    }
    associations, asked = _ask_records(clusters, records, settings)
    document |= asked
    document["probes"] = probe(
        material.features,
        material.patients,
        records.fields.loc[material.image_ids],
        settings["seed"],
    )
    found: dict[str, SearchResult] = {}
    parts = (
        "search",
        "nulls",
        "controls",
        "separation",
        "faithfulness",
        "stability",
        "sensitivity",
    )
    document |= dict.fromkeys(parts)
    if material.enough(thresholds):
        grid = Search.of(settings["search"], len(material.image_ids))
        found = {SUBJECT: search(material.features, grid)}
        found |= {name: search(one.features, grid) for name, one in records.controls.items()}
        document |= _ask_search(material, grid, found, records, settings)
    document["explained_by"] = explained_by(associations, thresholds)
    document["thresholds"] = dict(thresholds)
    document["verdict"] = decide(document, thresholds)
    maps = [_map(name, material.image_ids, one) for name, one in found.items()]
    empty = MAPS.empty_table().to_pandas()
    return Evidence(document, associations, pd.concat([empty, *maps], ignore_index=True))


def _ask_records(
    clusters: pd.Series, records: StudyRecords, settings: Mapping[str, Any]
) -> tuple[pd.DataFrame, dict[str, Any]]:
    """The recorded fields against the clusters, and the country where another field is the same."""
    labels, fields = clusters.to_numpy(), records.fields.loc[clusters.index]
    patients = records.patients.loc[clusters.index].to_numpy(dtype=np.str_)
    chance = {"permutations": settings["permutations"], "seed": settings["seed"]}
    given = {
        name: stratified_association(labels, patients, fields["country"], fields[name], **chance)
        for name in STRATA
        if name in fields and "country" in fields
    }
    return association_table(labels, patients, fields, **chance), {"country_within": given}


def _ask_search(
    material: Sample,
    grid: Search,
    found: Mapping[str, SearchResult],
    records: StudyRecords,
    settings: Mapping[str, Any],
) -> dict[str, Any]:
    """What the searches tell: against chance, in controls, held-out patients, repetitions."""
    own, clusters = found[SUBJECT], records.clusters.set_index("image_id")
    here = clusters.loc[material.image_ids]
    labels = here["cluster"].to_numpy()
    neighbours = min(TRUSTED, (len(labels) - 1) // 2)
    n_clusters = int(clusters["cluster"].max()) + 1
    stability = Stability.of(labels, material.image_ids, records.repeats, n_clusters)
    return {
        "search": {"maps": len(grid.perplexities), "perplexities": list(grid.perplexities)},
        "nulls": {
            null: {"role": NULL_MODELS[null].role, **compare_with_null(own, draws)}
            for null, draws in _of_subject(records.replicates, SUBJECT).groupby("null")
        },
        "controls": {
            name: _control(one, own, labels, _of_subject(records.replicates, name))
            for name, one in found.items()
            if name != SUBJECT
        },
        "separation": separation_test(
            material.features, material.patients, grid, settings["splits"], settings["seed"]
        ),
        "faithfulness": map_faithfulness(
            material.features, here[["x", "y"]].to_numpy(), neighbours
        ),
        "stability": stability.summary(),
        "sensitivity": choice_sensitivity(records.embeddings, records.ranking),
    }


def _of_subject(replicates: pd.DataFrame, subject: str) -> pd.DataFrame:
    return replicates.loc[replicates["subject"] == subject]


def _control(
    found: SearchResult, own: SearchResult, clusters: np.ndarray, draws: pd.DataFrame
) -> dict[str, Any]:
    """A control's search against its own null, and whether its clusters are the study's."""
    from sklearn.metrics import adjusted_rand_score

    return {
        "n_clusters": found.n_clusters,
        **compare_with_null(found, draws),
        "adjusted_rand": float(adjusted_rand_score(clusters, found.labels)),
        "adjusted_rand_searched": float(adjusted_rand_score(own.labels, found.labels)),
    }


def explained_by(
    associations: pd.DataFrame, thresholds: Mapping[str, Any]
) -> dict[str, Any] | None:
    """The recorded field that explains the clusters best, or None.

    A field explains them when its association, missing counted as a level, is
    significant (q <= alpha) and strong (effect at least the threshold); of
    several the one with the highest adjusted mutual information among the images
    where it is recorded, or among all where that is less than half of them.
    """
    rows = associations.set_index("field")
    dropped = rows.loc[rows["missing"] == MISSING_DROPPED]
    rows = rows.loc[rows["missing"] == MISSING_AS_LEVEL]
    recorded = dropped["images"] >= rows["images"].reindex(dropped.index) / 2
    told = rows["ami"].mask(recorded & dropped["ami"].notna(), dropped["ami"])
    rows = rows.assign(ami=told).loc[
        (rows["q"] <= thresholds["alpha"]) & (rows["effect"] >= thresholds["effect"])
    ]
    if rows.empty:
        return None
    field = str(rows["ami"].idxmax())
    names = ("effect", "low", "high", "p", "q", "ami")
    return {"field": field, **{name: _number(rows.loc[field, name]) for name in names}}


def _number(value: Any) -> float | None:
    return None if pd.isna(value) else float(value)


def _map(subject: str, image_ids: np.ndarray, found: SearchResult) -> pd.DataFrame:
    """A search's best map, as rows."""
    x, y = found.xy.T
    columns = {"image_id": image_ids.astype(object), "x": x, "y": y}
    return pd.DataFrame({"subject": subject, **columns, "cluster": found.labels.astype(np.int32)})
