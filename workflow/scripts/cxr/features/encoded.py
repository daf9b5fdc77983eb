"""The images that an encoder sees, and its features as the stages after it read them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from cxr.core.errors import InputError
from cxr.features.tables import feature_columns, feature_matrix, features_table
from cxr.images.decode import locate
from cxr.metadata.schema import rejections

STAGE = "encoder"


@dataclass(frozen=True)
class ImageChunk:
    """Which images one job encodes: every `chunks`th row of the cohort from `first` on."""

    first: int
    chunks: int

    def of(self, cohort: pd.DataFrame) -> pd.DataFrame:
        """Their rows of the cohort."""
        return cohort.iloc[self.first :: self.chunks].reset_index(drop=True)


def original_files(cohort: pd.DataFrame, roots: Mapping[str, Path]) -> list[Path]:
    """The file of each image of a cohort as its source has it.

    Parameters
    ----------
    cohort : DataFrame
        `source, file`.
    roots : mapping
        The folder of each source.
    """
    places = cohort[["source", "file"]].itertuples(index=False)
    return [locate(roots[source], file) for source, file in places]


def encoded_table(rows: pd.DataFrame, features: np.ndarray, places: np.ndarray) -> pd.DataFrame:
    """The features of one chunk: image_id and one float32 column a unit.

    Parameters
    ----------
    rows : DataFrame, n rows
        The chunk's images.
    features : float32 array, shape (m, d)
    places : int array, shape (m,)
        The row of each image that could be encoded.
    """
    table = pd.DataFrame(features, columns=feature_columns(features.shape[1]))
    ids = rows["image_id"].to_numpy()[places]
    return pd.concat([pd.DataFrame({"image_id": ids}), table], axis=1)


def rejected_images(rows: pd.DataFrame, failures: Sequence[tuple[int, str]]) -> pd.DataFrame:
    """The images of a chunk that could not be encoded: source, file, stage, reason."""
    failed = rows.iloc[[place for place, _ in failures]]
    return rejections(failed["source"], failed["file"], STAGE, [why for _, why in failures])


def join_features(
    name: str, cohort: pd.DataFrame, chunks: Sequence[pd.DataFrame], rejected: pd.DataFrame
) -> pd.DataFrame:
    """The features of all chunks as `cxr.features.tables.features_table` has them.

    Parameters
    ----------
    name : str
        The encoder.
    cohort : DataFrame
    chunks : sequence of DataFrame
        As of `encoded_table`.
    rejected : DataFrame
        As of `rejected_images`.

    Raises
    ------
    InputError
        If no image could be encoded, or the chunks have other widths.
    """
    filled = [chunk for chunk in chunks if len(chunk)]
    if not filled:
        reason = rejected["reason"].mode()
        why = f"; most often: {reason.iloc[0]}" if len(reason) else ""
        raise InputError(f"encoders.{name}: no image of the cohort could be encoded{why}")
    widths = sorted({chunk.shape[1] - 1 for chunk in filled})
    if len(widths) > 1:
        raise InputError(
            f"encoders.{name}: some chunks have {widths[0]} features and others {widths[-1]}; "
            f"delete its folder below encoded/ and run again"
        )
    table = pd.concat(filled, ignore_index=True).set_index("image_id")
    kept = cohort[cohort["image_id"].isin(table.index)]
    return features_table(kept, feature_matrix(table.loc[kept["image_id"]]))
