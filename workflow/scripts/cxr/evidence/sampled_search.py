"""The searches of a study's samples: what they find, and what they agree on."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from cxr.config.catalogue.null_models import BESIDE, DECIDING, PRIMARY
from cxr.evidence.sample import Sample, SampleSettings
from cxr.evidence.search import SearchResult, SearchSettings, search
from cxr.evidence.significance import compare_with_null


def search_samples(
    subjects: Mapping[str, Sample], sampling: SampleSettings, searched: SearchSettings
) -> dict[str, list[SearchResult]]:
    """The search of each sample of the features and of each control."""
    return {
        name: [
            search(sample.features, searched.grid_for(sample.n_images))
            for sample in whole.draw(sampling)
        ]
        for name, whole in subjects.items()
    }


def sample_spread(
    samples: Sequence[Sample],
    labels: Sequence[np.ndarray],
    results: Sequence[SearchResult],
    simulations: pd.DataFrame,
) -> list[dict[str, Any]]:
    """Each sample's search against the simulations of that sample, under the primary null."""
    from sklearn.metrics import adjusted_rand_score

    primary, rows = simulations.loc[simulations["null"] == PRIMARY], []
    for number, (sample, clusters, result) in enumerate(zip(samples, labels, results, strict=True)):
        tested = compare_with_null([result], primary.loc[primary["sample"] == number])
        rows.append(
            {
                "n_images": sample.n_images,
                "n_patients": sample.n_patients,
                "n_clusters": result.n_clusters,
                "adjusted_rand": float(adjusted_rand_score(clusters, result.labels)),
                "p": tested["p"],
                **{
                    name: {key: tested[name][key] for key in ("observed", "p")}
                    for name in (DECIDING, *BESIDE)
                },
            }
        )
    return rows


def compare_control(
    results: Sequence[SearchResult],
    observed: Sequence[SearchResult],
    clusters: Sequence[np.ndarray],
    simulations: pd.DataFrame,
) -> dict[str, Any]:
    """A control's search against its null simulations, and its agreement with the clusters.

    Of several samples the median.
    """
    from sklearn.metrics import adjusted_rand_score

    found = [result.labels for result in results]
    searched = [result.labels for result in observed]
    return {
        "n_clusters": int(np.median([result.n_clusters for result in results])),
        **compare_with_null(results, simulations),
        "adjusted_rand": float(np.median([*map(adjusted_rand_score, clusters, found)])),
        "adjusted_rand_searched": float(np.median([*map(adjusted_rand_score, searched, found)])),
    }
