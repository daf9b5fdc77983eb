"""The evidence on a study's clusters, in one document."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from cxr.config.catalogue.null_models import NULL_MODELS, PRIMARY
from cxr.evidence.cluster_tree import tree_test
from cxr.evidence.counterfactual import fields_to_remove, search_without
from cxr.evidence.explanation import explained_by
from cxr.evidence.faithfulness import NEIGHBOURS, map_faithfulness
from cxr.evidence.feature_clusters import cluster_features
from cxr.evidence.feature_comparison import compare_feature_clusters
from cxr.evidence.levels import level_sizes
from cxr.evidence.planted import compare_with_planted
from cxr.evidence.probes import probe
from cxr.evidence.sample import Sample, SampleSettings, are_sufficient, insufficiency
from cxr.evidence.sampled_search import compare_control, sample_spread, search_samples
from cxr.evidence.search import SearchResult, SearchSettings
from cxr.evidence.sensitivity import cell_sensitivity
from cxr.evidence.separation import separation_test
from cxr.evidence.significance import compare_with_null
from cxr.evidence.stability import Stability, in_view
from cxr.evidence.thresholds import Thresholds
from cxr.evidence.verdict import decide
from cxr.metadata.fields import own_groups
from cxr.statistics.association import (
    association_table,
    stratified_association,
)

STRATA = ("doi", "view", "source")
SUBJECT = "features"
# The parts of the document that are null with too few images or patients.
SEARCHED = (
    *("search", "nulls", "samples", "controls", "separation", "faithfulness"),
    *("stability", "too_small", "sensitivity", "survives", "apart", "feature_clusters"),
)
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
    planted : Series of str
        The planted group of synthetic images, by image_id.
    """

    clusters: pd.DataFrame
    ranking: pd.DataFrame
    embeddings: pd.DataFrame
    fields: pd.DataFrame
    patients: pd.Series
    simulations: pd.DataFrame
    repeats: pd.DataFrame
    controls: Mapping[str, Sample]
    planted: pd.Series

    @property
    def labels(self) -> pd.Series:
        """The study's cluster of each mapped image, by image_id."""
        return self.clusters.set_index("image_id")["cluster"]


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


def assess(
    whole: Sample, records: StudyRecords, settings: AssessmentSettings, threads: int = 1
) -> Evidence:
    """Assesses the clusters of a study.

    Parameters
    ----------
    whole : Sample
        The mapped images. Of many of them samples are searched; associations, probes, the
        separation test and the tests down the tree take all.
    records : StudyRecords
    settings : AssessmentSettings
    threads : int
        As of `cxr.evidence.many_searches.run_searches`.

    Returns
    -------
    Evidence
        With too few images or patients most parts of the document are null, and
        the verdict is inconclusive.
    """
    thresholds, samples = settings.thresholds, whole.draw(settings.sample)
    associations, country_within = _associate(records, settings)
    document = _describe(samples, records, settings)
    fields = records.fields.loc[whole.image_ids]
    document |= {
        "country_within": country_within,
        "probes": probe(whole.features, whole.patients, fields, settings.seed),
        **dict.fromkeys(SEARCHED),
    }
    results: dict[str, list[SearchResult]] = {}
    if are_sufficient(samples, thresholds.minimum):
        results = search_samples(
            {SUBJECT: whole, **records.controls}, settings.sample, settings.search
        )
        document |= _assess_search(samples, results, records, settings)
        document |= _assess_features(whole, samples[0].n_images, records, settings, threads)
        document["survives"] = search_without(
            samples[0],
            records.fields.loc[samples[0].image_ids],
            fields_to_remove(associations, settings.within, thresholds),
            settings.search.grid_for(samples[0].n_images),
            records.labels.loc[samples[0].image_ids].to_numpy(),
            results[SUBJECT][0].labels,
        )
    document["explained_by"] = explained_by(associations, thresholds)
    document["thresholds"] = asdict(thresholds)
    document["verdict"] = decide(document, thresholds)
    maps = [_map(name, samples[0].image_ids, found[0]) for name, found in results.items()]
    empty = MAPS.empty_table().to_pandas()
    return Evidence(document, associations, pd.concat([empty, *maps], ignore_index=True))


def _describe(
    samples: Sequence[Sample], records: StudyRecords, settings: AssessmentSettings
) -> dict[str, Any]:
    """What is assessed: images, patients, clusters, levels, planted groups."""
    clusters, first = records.labels, samples[0]
    n_images = [sample.n_images for sample in samples]
    n_patients, n_clusters = min(s.n_patients for s in samples), int(clusters.max()) + 1
    minimum = settings.thresholds.minimum
    return {
        "n_images": len(clusters),
        "n_patients": records.patients.loc[clusters.index].nunique(),
        "n_sampled": max(n_images),
        "n_clusters": n_clusters,
        "insufficient": insufficiency(min(n_images), n_patients, n_clusters, minimum),
        "within": level_sizes(records.fields.loc[first.image_ids], settings.within, first.patients),
        "planted": compare_with_planted(clusters, records.planted),
    }


def _assess_features(
    whole: Sample,
    n_searched: int,
    records: StudyRecords,
    settings: AssessmentSettings,
    threads: int,
) -> dict[str, Any]:
    """The parts of the document that test all images in the space of the features."""
    labels = records.labels.loc[whole.image_ids].to_numpy()
    features, patients, splits = whole.features, whole.patients, settings.splits
    largest, seed = settings.sample.max_images, settings.seed
    grid = settings.search.grid_for(n_searched)
    return {
        "separation": separation_test(features, patients, grid, splits, seed, largest, threads),
        "apart": tree_test(features, patients, labels, splits, settings.thresholds.alpha, seed),
    }


def _associate(
    records: StudyRecords, settings: AssessmentSettings
) -> tuple[pd.DataFrame, dict[str, Any]]:
    """The recorded fields against the clusters, and the country within strata."""
    clusters = records.labels
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
    samples: Sequence[Sample],
    results: Mapping[str, list[SearchResult]],
    records: StudyRecords,
    settings: AssessmentSettings,
) -> dict[str, Any]:
    """The parts of the document that rest on searches of the samples."""
    first, clusters = samples[0], records.clusters.set_index("image_id")
    sampled, n_clusters = clusters.loc[first.image_ids], int(clusters["cluster"].max()) + 1
    neighbours = min(NEIGHBOURS, (first.n_images - 1) // 2)
    labels = [clusters["cluster"].loc[sample.image_ids].to_numpy() for sample in samples]
    image_ids = np.concatenate([sample.image_ids for sample in samples])
    image_ids, places = np.unique(image_ids, return_index=True)
    seen = in_view(records.clusters, n_clusters, [sample.image_ids for sample in samples])
    stability = Stability.of(
        np.concatenate(labels)[places], image_ids, records.repeats, n_clusters, seen
    )
    simulations = _of_subject(records.simulations, SUBJECT)
    perplexities = settings.search.grid_for(first.n_images).perplexities
    nulls = {
        null: {"role": NULL_MODELS[null].role, **compare_with_null(results[SUBJECT], rows)}
        for null, rows in simulations.groupby("null")
    }
    return {
        "search": {"maps": len(perplexities), "perplexities": list(perplexities)},
        "nulls": nulls,
        "samples": sample_spread(samples, labels, results[SUBJECT], simulations),
        "controls": {
            name: compare_control(
                found, results[SUBJECT], labels, _of_subject(records.simulations, name)
            )
            for name, found in results.items()
            if name != SUBJECT
        },
        "faithfulness": map_faithfulness(
            first.features, sampled[["x", "y"]].to_numpy(), neighbours
        ),
        "stability": stability.summary(),
        "too_small": [] if seen is None else np.flatnonzero(~seen.any(axis=0)).tolist(),
        "sensitivity": cell_sensitivity(
            records.embeddings, records.ranking, settings.search.grid.choose
        ),
        "feature_clusters": compare_feature_clusters(
            [cluster_features(sample.features, settings.search.grid) for sample in samples],
            labels,
            simulations,
            nulls[PRIMARY]["p"],
            settings.thresholds.alpha,
        ),
    }


def _of_subject(simulations: pd.DataFrame, subject: str) -> pd.DataFrame:
    return simulations.loc[simulations["subject"] == subject]


def _map(subject: str, image_ids: np.ndarray, result: SearchResult) -> pd.DataFrame:
    """A search's best map, as rows."""
    x, y = result.xy.T
    columns = {"image_id": image_ids.astype(object), "x": x, "y": y}
    return pd.DataFrame({"subject": subject, **columns, "cluster": result.labels.astype(np.int32)})
