"""The evidence on the clusters of many images, which come from elsewhere than from maps."""

import numpy as np
import pandas as pd

from cxr.config.evidence import Evidence
from cxr.evidence.assess import AssessmentSettings, StudyRecords, assess
from cxr.evidence.null_search import NullSettings, search_simulations
from cxr.evidence.resampling import ResamplingSettings, repeat_searches
from cxr.evidence.sample import Sample, SampleSettings
from cxr.evidence.search import SearchGrid, SearchSettings
from cxr.evidence.thresholds import Thresholds

EPS = tuple(i / 10 for i in range(1, 20))
GRID = SearchGrid((15.0, 30.0, 45.0), EPS, tuple(range(5, 20)), 2, 8, 1 / 3, "consensus")
PERPLEXITY = 30.0


def assess_labels(features, labels, sampling, replicates=39, resamples=10, grid=GRID):
    """The document of the evidence on clusters, one image a patient and nothing recorded.

    Parameters
    ----------
    features : float array, shape (n, d)
    labels : int array, shape (n,)
    sampling : SampleSettings
    replicates, resamples : int
        Null simulations; repetitions of each kind.
    """
    ids = np.array([f"i{i:07d}" for i in range(len(labels))])
    whole, thresholds = Sample(ids, features, ids), Thresholds(**Evidence().thresholds.model_dump())
    search = SearchSettings(grid, len(grid.perplexities))
    clusters = pd.DataFrame({"image_id": ids, "x": features[:, 0], "y": features[:, 1]})
    clusters["cluster"] = labels
    cell = {"method": "tsne", "algorithm": "dbscan", "reliable": True, "seed": 0, "eps": 0.01}
    cell |= {"perplexity": PERPLEXITY, "min_samples": 5, "n_images": len(ids)}
    cell |= {"n_clusters": int(labels.max()) + 1, "consensus": 0.5}
    ranking, minimum, seed = pd.DataFrame([cell]), thresholds.minimum, sampling.seed
    null = NullSettings(
        "features", "gaussian", 1, replicates, seed, None, minimum, sampling, search
    )
    again = ResamplingSettings(resamples, seed, minimum, sampling, search)
    records = StudyRecords(
        clusters=clusters,
        ranking=ranking,
        embeddings=clusters.assign(method="tsne", perplexity=PERPLEXITY, seed=0),
        fields=pd.DataFrame(index=ids),
        patients=pd.Series(ids, ids),
        simulations=search_simulations(whole, null),
        repeats=repeat_searches(whole, [], ranking, again, clusters),
        controls={},
        planted=pd.Series(dtype=object),
    )
    settings = AssessmentSettings((), 99, 5, seed, None, thresholds, sampling, search)
    return assess(whole, records, settings).document


def sampled(max_images, samples=3, seed=0):
    """Settings of so many samples."""
    return SampleSettings(None, max_images, seed, samples)
