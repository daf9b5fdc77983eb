"""All that the explorer shows of one model, in one document."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from cxr.evidence.covariates import mean_intensity
from cxr.explorer.control_maps import pack_control_maps
from cxr.explorer.fields import fields_of, pack_fields
from cxr.explorer.galleries import gallery_thumbnails, pack_galleries
from cxr.explorer.maps import pack_maps, shown_part
from cxr.explorer.packing import pack_texts
from cxr.explorer.shown import MOST, shown_rows
from cxr.explorer.similar import pack_similar


@dataclass(frozen=True)
class PageRoom:
    """How much of the page one model has.

    Attributes
    ----------
    models : int
        Models that share it.
    seed : int
        Of the draw of images, where a page has no room for all.
    most : int
        Images that the maps of all models show.
    """

    models: int = 1
    seed: int = 0
    most: int = MOST

    @property
    def images(self) -> int:
        """Images that one model's maps show."""
        return self.most // self.models


def explorer_document(
    maps: Mapping[str, pd.DataFrame],
    records: Mapping[str, pd.DataFrame],
    found: Mapping[str, pd.DataFrame],
    bounds: Mapping[str, int],
    alpha: float | None,
    images: np.ndarray | None = None,
    room: PageRoom = PageRoom(),
) -> dict[str, Any]:
    """The maps, fields, similar images and galleries of one model.

    Of many images the maps, fields and similar images are those of a part, counts and galleries of
    all.

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
    room : PageRoom
    """
    clusters, cohort = maps["clusters"], records["cohort"]
    intensity = None if images is None else mean_intensity(cohort, images)
    fields = fields_of(clusters, **records, intensity=intensity)
    predictions = records.get("predictions")
    associations = found.get("associations")
    galleries = pack_galleries(clusters, fields, associations, predictions, alpha)
    if images is not None and galleries["classes"]:
        galleries["thumbnails"] = gallery_thumbnails(galleries, cohort, images)
    rows = shown_rows(clusters, room.images, _always(galleries, clusters, found), room.seed)
    part = None if len(rows) == len(clusters) else shown_part(fields, rows)
    shown = clusters.iloc[rows]
    image_ids = list(shown["image_id"])
    document = {
        "image_ids": image_ids,
        **({} if part is None else {"total": len(clusters)}),
        "fields": pack_fields(fields, None if part is None else rows),
        "bounds": dict(bounds),
        "galleries": _renumbered(galleries, rows),
        **pack_maps(**maps, part=part, models=room.models),
    }
    if "patient_id" in cohort:
        patients = cohort.set_index("image_id")["patient_id"].loc[image_ids]
        document["patients"] = pack_texts(patients)
    if "similar" in found:
        document["similar"] = pack_similar(image_ids, found["similar"])
    if "controls" in found:
        document["controls"] = pack_control_maps(shown, found["controls"])
    return document


def _always(
    galleries: Mapping[str, Any], clusters: pd.DataFrame, found: Mapping[str, pd.DataFrame]
) -> list[int]:
    """The rows that the page shows in any case: examples of clusters, and images of controls."""
    rows = [row for one in galleries["clusters"] for row in one["medoids"] + one["borderline"]]
    if "controls" in found:
        on_them = clusters["image_id"].isin(found["controls"]["image_id"])
        rows += np.flatnonzero(on_them).tolist()
    return rows


def _renumbered(galleries: Mapping[str, Any], rows: np.ndarray) -> dict[str, Any]:
    """Galleries whose examples are numbered among some rows."""

    def places(numbers: list[int]) -> list[int]:
        return np.searchsorted(rows, numbers).tolist()

    clusters = [
        {**one, "medoids": places(one["medoids"]), "borderline": places(one["borderline"])}
        for one in galleries["clusters"]
    ]
    return {**galleries, "clusters": clusters}
