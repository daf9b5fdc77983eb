"""All that the explorer shows of one model, in one document."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from cxr.explorer.fields import pack_fields
from cxr.explorer.maps import pack_maps
from cxr.explorer.similar import pack_similar


def explorer_document(
    maps: Mapping[str, pd.DataFrame],
    records: Mapping[str, pd.DataFrame],
    neighbours: pd.DataFrame | None,
    bounds: Mapping[str, int],
) -> dict[str, Any]:
    """The maps, fields and similar images of one model.

    Parameters
    ----------
    maps : mapping of str to DataFrame
        `embeddings, grid, ranking, clusters`, as for `cxr.explorer.maps.pack_maps`.
    records : mapping of str to DataFrame
        `cohort, metadata` and, of a network, `predictions`, as for
        `cxr.explorer.fields.pack_fields`.
    neighbours : DataFrame, optional
        `query_id, rank, neighbour_id, distance`.
    bounds : mapping
        `min_clusters, max_clusters` of a clustering that qualifies.
    """
    clusters = maps["clusters"]
    image_ids = list(clusters["image_id"])
    document = {
        "image_ids": image_ids,
        "fields": pack_fields(clusters, **records),
        "bounds": dict(bounds),
        **pack_maps(**maps),
    }
    if neighbours is not None:
        document["similar"] = pack_similar(image_ids, neighbours)
    return document
