"""The recorded fields that burned-in text becomes, and what is said of it."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd

from cxr.config.catalogue.fields import OF_TEXT, text_fields
from cxr.core.errors import InputError
from cxr.core.progress import Progress
from cxr.images.decode import UnusableImage, locate, read_grey
from cxr.images.hiding import PLACE
from cxr.images.text import TextFinder
from cxr.images.text_words import READS_LIKE, reads_like

COLUMNS = ("image_id", *PLACE, "score", "words", "reads_like")
ROWS, SIDES = ("top", "middle", "bottom"), ("left", "centre", "right")
MOST_LETTERS = 200  # of the field of words


@dataclass(frozen=True)
class TextSearch:
    """What one job searches.

    Attributes
    ----------
    first, chunks : int
        Every `chunks`th row of a table of images from `first` on.
    read : bool
        Whether words are read, too.
    """

    first: int
    chunks: int
    read: bool


def find_text(
    metadata: pd.DataFrame, roots: Mapping[str, Path], search: TextSearch
) -> pd.DataFrame:
    """The burned-in words and markers of a chunk of images.

    Parameters
    ----------
    metadata : DataFrame
        `image_id, source, file`.
    roots : mapping
        The folder of each source.
    search : TextSearch

    Returns
    -------
    DataFrame
        A row a box, columns as in `COLUMNS`: its place in shares of width and height, the
        confidence of its words, the words and what `reads_like` takes them for.

    Raises
    ------
    InputError
        If the detector is not installed, or a file can no longer be read.
    """
    finder = TextFinder(read=search.read)
    rows = metadata.iloc[search.first :: search.chunks]
    progress = Progress(len(rows), "images")
    found = []
    for image_id, source, file in rows[["image_id", "source", "file"]].itertuples(index=False):
        try:
            grey = read_grey(locate(roots[source], file))
        except UnusableImage as error:
            raise InputError(
                f"{roots[source] / file}: {error}, though it was readable before; restore the "
                f"source or delete {roots[source]} to obtain it again"
            ) from error
        for box in finder(grey):
            kind = reads_like(box.words or "")
            found.append({"image_id": image_id, **asdict(box), "reads_like": kind})
        progress.step()
    numbers = dict.fromkeys((*PLACE, "score"), "float64")
    texts = dict.fromkeys(("image_id", "words", "reads_like"), "str")
    return pd.DataFrame(found, columns=list(COLUMNS)).astype(numbers | texts)


def with_text_fields(
    metadata: pd.DataFrame, boxes: pd.DataFrame, words: Literal["none", "file", "field"]
) -> pd.DataFrame:
    """Metadata with a column for each field of `text_fields`.

    Parameters
    ----------
    metadata : DataFrame, n rows
        `image_id`.
    boxes : DataFrame
        As of `find_text`, of all images.
    words : "none", "file" or "field"

    Returns
    -------
    DataFrame, n rows
        With `text_present` (yes, no), `text_share` (of the area), `text_position` (of the
        largest box, such as "top left"; null without text) and, where wanted, `text_words`.

    Raises
    ------
    InputError
        If the metadata have such a column already.
    """
    taken = [name for name in OF_TEXT if name in metadata]
    if taken:
        raise InputError(
            f"config key 'cohort.text' adds the field {taken[0]}, which a source has already; "
            f"give that field another name"
        )
    of_image = dict(tuple(boxes.groupby("image_id", sort=False)))
    rows = [_fields(of_image.get(image_id)) for image_id in metadata["image_id"]]
    fields = pd.DataFrame(rows, columns=list(OF_TEXT), index=metadata.index)
    fields = fields.astype({name: "str" for name in OF_TEXT if name != "text_share"})
    wanted = fields.astype({"text_share": "float64"})[text_fields(words)]
    return metadata.join(wanted)


def _fields(boxes: pd.DataFrame | None) -> tuple[str, float, str | None, str | None]:
    """The fields of one image, in the order of `OF_TEXT`."""
    if boxes is None:
        return "no", 0.0, None, None
    places = boxes[list(PLACE)].to_numpy(dtype=np.float64)
    areas = (places[:, 2] - places[:, 0]) * (places[:, 3] - places[:, 1])
    left, top, right, bottom = places[areas.argmax()]
    row, side = (min(2, int(3 * middle / 2)) for middle in (top + bottom, left + right))
    words = " | ".join(word for word in boxes["words"].dropna())[:MOST_LETTERS].rstrip()
    share = round(min(1.0, _union(places)), 5)
    return "yes", share, f"{ROWS[row]} {SIDES[side]}", words or None


def _union(places: np.ndarray) -> float:
    """The area that boxes cover together, those that overlap counted once."""
    xs, ys = (np.unique(places[:, columns]) for columns in ([0, 2], [1, 3]))
    inside = np.zeros((len(ys) - 1, len(xs) - 1), dtype=bool)
    for left, top, right, bottom in places:
        inside |= ((ys[:-1] >= top) & (ys[1:] <= bottom))[:, None] & (
            (xs[:-1] >= left) & (xs[1:] <= right)
        )
    return float((np.diff(ys)[:, None] * np.diff(xs) * inside).sum())


def text_summary(metadata: pd.DataFrame, boxes: pd.DataFrame, *, read: bool) -> dict[str, Any]:
    """How many images have text, and on how many it may name a person; no word of it.

    Parameters
    ----------
    metadata : DataFrame
        `image_id, source`.
    boxes : DataFrame
        As of `find_text`.
    read : bool
        Whether words were read.
    """
    kinds = boxes["reads_like"]
    personal = {kind: int(boxes.loc[kinds == kind, "image_id"].nunique()) for kind in READS_LIKE}
    with_text = metadata["image_id"].isin(boxes["image_id"])
    sources = [
        {"source": source, "images": len(of_source), "with_text": int(of_source.sum())}
        for source, of_source in with_text.groupby(metadata["source"], sort=True)
    ]
    return {
        "images": len(metadata),
        "with_text": int(with_text.sum()),
        "sources": sources,
        "reads_like": personal,
        "warning": _warning(personal if read else None, int(with_text.sum()), len(metadata)),
    }


def _warning(personal: Mapping[str, int] | None, with_text: int, images: int) -> str | None:
    """What should be looked at before anything is shared, None where nothing is."""
    if personal is None:
        return (
            f"The words on {with_text:,} of {images:,} images were not read and may name "
            f"patients: look at these images before anything is shared."
            if with_text
            else None
        )
    kinds = [f"{kind} on {count:,}" for kind, count in personal.items() if count]
    if not kinds:
        return None
    listed = " and ".join(filter(None, [", ".join(kinds[:-1]), kinds[-1]]))
    return (
        f"Burned-in words read like {listed} of {images:,} images: look at text.csv and at "
        f"these images before anything is shared."
    )
