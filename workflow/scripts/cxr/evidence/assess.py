"""The evidence on a study's clusters, in one document."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from cxr.config.catalogue.null_models import NULL_MODELS
from cxr.evidence.cluster_tree import tree_test
from cxr.evidence.counterfactual import fields_to_remove, search_without
from cxr.evidence.faithfulness import NEIGHBOURS, map_faithfulness
from cxr.evidence.levels import level_sizes
from cxr.evidence.probes import probe
from cxr.evidence.sample import Sample, SampleSettings, insufficiency
from cxr.evidence.search import SearchGrid, SearchResult, SearchSettings, search
from cxr.evidence.sensitivity import cell_sensitivity
from cxr.evidence.separation import separation_test
from cxr.evidence.significance import compare_with_null
from cxr.evidence.stability import Stability
from cxr.evidence.thresholds import Thresholds
from cxr.evidence.verdict import decide
from cxr.metadata.fields import own_groups
from cxr.statistics.association import (
    MISSING_AS_LEVEL,
    MISSING_DROPPED,
    association_table,
    stratified_association,
)

STRATA = ("doi", "view", "source")
# Fields of so nearly the same adjusted mutual information tell the same.
AMI_TOLERANCE = 0.05
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
class AssessmentSettings:
    """How a study's clusters are assessed.

    Attributes
    ----------
    controls : tuple of str
        Names of the control features.
    permutations : int
        Of each association test.
    splits : int
        Halvings of the patients in the separation test.
    seed : int
    within : str or None
        The field within whose levels null models are fitted and drawn.
    thresholds : Thresholds
    sample : SampleSettings
    search : SearchSettings
    """

    controls: tuple[str, ...]
    permutations: int
    splits: int
    seed: int
    within: str | None
    thresholds: Thresholds
    sample: SampleSettings
    search: SearchSettings


@dataclass(frozen=True)
class StudyRecords:
    """The results of earlier jobs, as tables.

    Attributes
    ----------
    clusters : DataFrame
        The study's clusters: `image_id, x, y, cluster`.
    ranking, embeddings : DataFrame
    fields : DataFrame
        As from `cxr.evidence.covariates.recorded_fields`.
    patients : Series
        By image_id.
    simulations : DataFrame
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
    simulations: pd.DataFrame
    repeats: pd.DataFrame
    controls: Mapping[str, Sample]


@dataclass(frozen=True)
class Evidence:
    """The evidence.

    Attributes
    ----------
    document : dict
        The content of `evidence/<model>.json`.
    associations : DataFrame
    maps : DataFrame
        Columns as in `MAPS`: the best map of the features and of each control.
    """

    document: dict[str, Any]
    associations: pd.DataFrame
    maps: pd.DataFrame


def assess(sample: Sample, records: StudyRecords, settings: AssessmentSettings) -> Evidence:
    """Assesses the clusters of a study.

    Parameters
    ----------
    sample : Sample
        The mapped images, or a sample of them.
    records : StudyRecords
    settings : AssessmentSettings

    Returns
    -------
    Evidence
        With too few images or patients most parts of the document are null, and
        the verdict is inconclusive.
    """
    thresholds = settings.thresholds
    clusters = records.clusters.set_index("image_id")["cluster"]
    n_clusters = int(clusters.max()) + 1
    fields = records.fields.loc[sample.image_ids]
    associations, country_within = _associate(clusters, records, settings)
    document: dict[str, Any] = {
        "n_images": len(clusters),
        "n_patients": records.patients.loc[clusters.index].nunique(),
        "n_sampled": sample.n_images,
        "n_clusters": n_clusters,
        "insufficient": insufficiency(
            sample.n_images, sample.n_patients, n_clusters, thresholds.minimum
        ),
        "within": level_sizes(fields, settings.within, sample.patients),
        "country_within": country_within,
        "probes": probe(sample.features, sample.patients, fields, settings.seed),
        "search": None,
        "nulls": None,
        "controls": None,
        "separation": None,
        "faithfulness": None,
        "stability": None,
        "sensitivity": None,
        "survives": None,
        "apart": None,
    }
    results: dict[str, SearchResult] = {}
    if sample.is_sufficient(thresholds.minimum):
        grid = settings.search.grid_for(sample.n_images)
        results = {SUBJECT: search(sample.features, grid)}
        results |= {name: search(c.features, grid) for name, c in records.controls.items()}
        document |= _assess_search(sample, grid, results, records, settings)
        labels = clusters.loc[sample.image_ids].to_numpy()
        removed = fields_to_remove(associations, settings.within, thresholds)
        searched = results[SUBJECT].labels
        document["survives"] = search_without(sample, fields, removed, grid, labels, searched)
        document["apart"] = tree_test(
            sample.features,
            sample.patients,
            labels,
            settings.splits,
            thresholds.alpha,
            settings.seed,
        )
    document["explained_by"] = explained_by(associations, thresholds)
    document["thresholds"] = asdict(thresholds)
    document["verdict"] = decide(document, thresholds)
    maps = [_map(name, sample.image_ids, result) for name, result in results.items()]
    empty = MAPS.empty_table().to_pandas()
    return Evidence(document, associations, pd.concat([empty, *maps], ignore_index=True))


def _associate(
    clusters: pd.Series, records: StudyRecords, settings: AssessmentSettings
) -> tuple[pd.DataFrame, dict[str, Any]]:
    """The recorded fields against the clusters, and the country within strata."""
    labels, fields = clusters.to_numpy(), records.fields.loc[clusters.index]
    patients = records.patients.loc[clusters.index].to_numpy(dtype=np.str_)
    permutations, seed = settings.permutations, settings.seed
    country_within = {
        name: stratified_association(
            labels, patients, fields["country"], fields[name], permutations, seed
        )
        for name in (*STRATA, *own_groups(fields))
        if name in fields and "country" in fields
    }
    return association_table(labels, patients, fields, permutations, seed), country_within


def _assess_search(
    sample: Sample,
    grid: SearchGrid,
    results: Mapping[str, SearchResult],
    records: StudyRecords,
    settings: AssessmentSettings,
) -> dict[str, Any]:
    """The parts of the document that rest on a search of the sample."""
    observed, clusters = results[SUBJECT], records.clusters.set_index("image_id")
    sampled = clusters.loc[sample.image_ids]
    labels = sampled["cluster"].to_numpy()
    neighbours = min(NEIGHBOURS, (len(labels) - 1) // 2)
    n_clusters = int(clusters["cluster"].max()) + 1
    stability = Stability.of(labels, sample.image_ids, records.repeats, n_clusters)
    return {
        "search": {"maps": len(grid.perplexities), "perplexities": list(grid.perplexities)},
        "nulls": {
            null: {"role": NULL_MODELS[null].role, **compare_with_null(observed, simulations)}
            for null, simulations in _of_subject(records.simulations, SUBJECT).groupby("null")
        },
        "controls": {
            name: _control(result, observed, labels, _of_subject(records.simulations, name))
            for name, result in results.items()
            if name != SUBJECT
        },
        "separation": separation_test(
            sample.features, sample.patients, grid, settings.splits, settings.seed
        ),
        "faithfulness": map_faithfulness(
            sample.features, sampled[["x", "y"]].to_numpy(), neighbours
        ),
        "stability": stability.summary(),
        "sensitivity": cell_sensitivity(
            records.embeddings, records.ranking, settings.search.grid.choose
        ),
    }


def _of_subject(simulations: pd.DataFrame, subject: str) -> pd.DataFrame:
    return simulations.loc[simulations["subject"] == subject]


def _control(
    result: SearchResult, observed: SearchResult, clusters: np.ndarray, simulations: pd.DataFrame
) -> dict[str, Any]:
    """A control's search against its null simulations, and its agreement with the clusters."""
    from sklearn.metrics import adjusted_rand_score

    return {
        "n_clusters": result.n_clusters,
        **compare_with_null(result, simulations),
        "adjusted_rand": float(adjusted_rand_score(clusters, result.labels)),
        "adjusted_rand_searched": float(adjusted_rand_score(observed.labels, result.labels)),
    }


def explained_by(associations: pd.DataFrame, thresholds: Thresholds) -> dict[str, Any] | None:
    """The recorded field that explains the clusters best, or None.

    A field explains them when its association, missing counted as a level, is
    significant (q <= alpha) and strong (effect at least the threshold); of
    several the one with the highest adjusted mutual information among the images
    where it is recorded, or among all where that is less than half of them. Of those
    within `AMI_TOLERANCE` of the highest it is the one recorded of most images.
    """
    rows = associations.set_index("field")
    dropped = rows.loc[rows["missing"] == MISSING_DROPPED]
    rows = rows.loc[rows["missing"] == MISSING_AS_LEVEL]
    recorded = dropped["images"] >= rows["images"].reindex(dropped.index) / 2
    ami = rows["ami"].mask(recorded & dropped["ami"].notna(), dropped["ami"])
    rows = rows.assign(ami=ami, recorded=dropped["images"]).loc[
        (rows["q"] <= thresholds.alpha) & (rows["effect"] >= thresholds.effect)
    ]
    if rows.empty:
        return None
    alike = rows.loc[rows["ami"] >= rows["ami"].max() - AMI_TOLERANCE]
    field = str(alike.sort_values(["recorded", "ami"], ascending=False, kind="stable").index[0])
    names = ("effect", "low", "high", "p", "q", "ami")
    return {"field": field, **{name: _number(rows.loc[field, name]) for name in names}}


def _number(value: Any) -> float | None:
    return None if pd.isna(value) else float(value)


def _map(subject: str, image_ids: np.ndarray, result: SearchResult) -> pd.DataFrame:
    """A search's best map, as rows."""
    x, y = result.xy.T
    columns = {"image_id": image_ids.astype(object), "x": x, "y": y}
    return pd.DataFrame({"subject": subject, **columns, "cluster": result.labels.astype(np.int32)})
