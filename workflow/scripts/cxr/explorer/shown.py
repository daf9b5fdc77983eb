"""Which images of a large study the page shows: a draw that is the same for maps and pictures."""

from collections.abc import Iterable
from hashlib import blake2b

import numpy as np
import pandas as pd

# Images that the maps of all models show together, and at least of each cluster.
MOST = 50_000
LEAST = 100


def draw_order(image_ids: Iterable[str], seed: int) -> np.ndarray:
    """The places of images in the order in which they are drawn, int of shape (n,).

    An image's place among others depends on its id and the seed alone: what is drawn of few
    images is among what is drawn of many, and the same in every model.
    """
    key = str(seed).encode()
    digests = (blake2b(name.encode(), digest_size=8, key=key).digest() for name in image_ids)
    return np.argsort(np.frombuffer(b"".join(digests), dtype=">u8"), kind="stable")


def shown_rows(clusters: pd.DataFrame, most: int, always: Iterable[int], seed: int) -> np.ndarray:
    """The rows of a map that the page shows, ascending.

    Parameters
    ----------
    clusters : DataFrame, n rows
        `image_id, cluster`.
    most : int
        Up to so many images all are shown; of more about so many, and `LEAST` of each cluster.
    always : iterable of int
        Rows that are shown in any case.
    seed : int
    """
    if len(clusters) <= most:
        return np.arange(len(clusters))
    order = draw_order(clusters["image_id"], seed)
    of_cluster = pd.Series(clusters["cluster"].to_numpy()[order]).groupby(
        clusters["cluster"].to_numpy()[order]
    )
    first = order[(of_cluster.cumcount() < LEAST).to_numpy()]
    return np.unique(np.concatenate([order[:most], first, np.fromiter(always, dtype=np.int64)]))
