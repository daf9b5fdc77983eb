"""All that the explorer shows of one model, in one document."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from cxr.evidence.covariates import mean_intensity
from cxr.explorer.control_maps import pack_control_maps
from cxr.explorer.fields import fields_of, pack_fields
from cxr.explorer.galleries import gallery_thumbnails, pack_galleries
from cxr.explorer.maps import pack_maps
from cxr.explorer.packing import pack_texts
from cxr.explorer.similar import pack_similar


def explorer_document(
    maps: Mapping[str, pd.DataFrame],
    records: Mapping[str, pd.DataFrame],
    found: Mapping[str, pd.DataFrame],
    bounds: Mapping[str, int],
    alpha: float | None,
    images: np.ndarray | None = None,
) -> dict[str, Any]:
    """The maps, fields, similar images and galleries of one model.

    Parameters
    ----------
    maps : mapping of str to DataFrame
        `embeddings, grid, ranking, clusters`, as for `cxr.explorer.maps.pack_maps`.
    records : mapping of str to DataFrame
        `cohort, metadata` and, of a network, `predictions`, as for
        `cxr.explorer.fields.fields_of`.
    found : mapping of str to DataFrame
        Where the study has them: `similar` (`query_id, rank, neighbour_id, distance`),
        `controls` (`subject, image_id, x, y, cluster`) and `associations`.
    bounds : mapping
        `min_clusters, max_clusters` of a clustering that qualifies.
    alpha : float, optional
        False discovery rate of the associations; with them.
    images : uint8 array, shape (n, side, side), optional
        Canonical images, in the order of the cohort.
    """
    clusters, cohort = maps["clusters"], records["cohort"]
    image_ids = list(clusters["image_id"])
    intensity = None if images is None else mean_intensity(cohort, images)
    fields = fields_of(clusters, **records, intensity=intensity)
    predictions = records.get("predictions")
    associations = found.get("associations")
    galleries = pack_galleries(clusters, fields, associations, predictions, alpha)
    if images is not None and galleries["classes"]:
        galleries["thumbnails"] = gallery_thumbnails(galleries, cohort, images)
    document = {
        "image_ids": image_ids,
        "fields": pack_fields(fields),
        "bounds": dict(bounds),
        "galleries": galleries,
        **pack_maps(**maps),
    }
    if "patient_id" in cohort:
        patients = cohort.set_index("image_id")["patient_id"].loc[image_ids]
        document["patients"] = pack_texts(patients)
    if "similar" in found:
        document["similar"] = pack_similar(image_ids, found["similar"])
    if "controls" in found:
        document["controls"] = pack_control_maps(clusters, found["controls"])
    return document
