"""The data of a training: images, their targets and splits."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
import torch.nn.functional as F
from torch import Tensor

from cxr.cohort.selection import class_codes
from cxr.cohort.tags import multi_hot, tag_names
from cxr.core.errors import InputError
from cxr.images.rows import ImageRows, blocks


@dataclass(frozen=True)
class TrainingData:
    """Images, labels, splits and tags; the test images are never used.

    Attributes
    ----------
    images : uint8 array, shape (n, h, w)
        In memory, or memory-mapped: then only what is at work is read.
    labels : int array, shape (n,)
    split : str array, shape (n,)
        train, validation or test.
    tags : bool array, shape (n, n_tags), optional
        Which labels besides its class an image has, where the cohort has tags.
    """

    images: np.ndarray
    labels: np.ndarray
    split: np.ndarray
    tags: np.ndarray | None = None

    @classmethod
    def from_cohort(
        cls, cohort: pd.DataFrame, images: np.ndarray, classes: Sequence[str]
    ) -> "TrainingData":
        """The data of a cohort table and its pixel cache, in the same order.

        Raises
        ------
        InputError
            If the two do not belong together.
        """
        if len(cohort) != len(images):
            raise InputError(
                f"images.npy holds {len(images)} images and cohort.parquet {len(cohort)} rows; "
                f"delete both and run again"
            )
        names = tag_names(cohort)
        return cls(
            images,
            class_codes(cohort, classes),
            cohort["split"].to_numpy(dtype=np.str_),
            multi_hot(cohort, names) if names else None,
        )

    @property
    def n_tags(self) -> int:
        """Labels besides the classes."""
        return 0 if self.tags is None else self.tags.shape[1]

    def digest(self) -> str:
        """SHA-256 over the training and validation pixels, labels and tags."""
        rows = np.flatnonzero(np.isin(self.split, ("train", "validation")))
        content = hashlib.sha256()
        for images in blocks(ImageRows(self.images, rows)):
            content.update(images.tobytes())
        content.update(self.labels[rows].tobytes() + "\n".join(self.split[rows]).encode())
        if self.tags is not None:
            content.update(self.tags[rows].tobytes())
        return content.hexdigest()

    def part(self, split: str, n_classes: int) -> tuple[ImageRows, Tensor]:
        """The m images of one split, and their targets, shape (m, n_classes + n_tags)."""
        rows = np.flatnonzero(self.split == split)
        targets = F.one_hot(torch.from_numpy(self.labels[rows]), n_classes).to(torch.float32)
        if self.tags is not None:
            tags = torch.from_numpy(self.tags[rows]).to(torch.float32)
            targets = torch.cat([targets, tags], dim=1)
        return ImageRows(self.images, rows), targets
