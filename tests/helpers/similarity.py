"""Spaces of made-up features, and what is found in them."""

import numpy as np
import pandas as pd
from sklearn.metrics.pairwise import cosine_distances, euclidean_distances

from cxr.features.index import IndexSettings, make_index
from cxr.features.tables import features_table
from cxr.similarity.neighbours import neighbours_of_all
from cxr.similarity.space import make_space

DISTANCES = {
    "cosine": cosine_distances,
    "centred": lambda x: cosine_distances(x - x.mean(axis=0)),
    "euclidean": euclidean_distances,
}


def table_of(features, classes="a"):
    ids = [f"i{number:05d}" for number in range(len(features))]
    cohort = pd.DataFrame({"image_id": ids, "class": classes, "split": "train"})
    return features_table(cohort, np.asarray(features))


def space_of(features, patients=None, metric="cosine", seed=0):
    table = table_of(features)
    owners = np.arange(len(table)) if patients is None else patients
    owners = pd.Series(np.asarray(owners).astype(str), index=table["image_id"])
    return make_space(table, owners, metric, seed)


def found_in(space, k=5, own_patient=False, exact_up_to=20_000, recall=0.98):
    index, how = make_index(space.points, IndexSettings(k, exact_up_to, recall), threads=1)
    return neighbours_of_all(space, index, k, own_patient).to_pandas(), index, how
