"""Chunks of an encoder's features become the table that all later stages read."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from cxr.core.errors import InputError
from cxr.features.encoded import (
    ImageChunk,
    encoded_table,
    join_features,
    original_files,
    rejected_images,
)

COHORT = pd.DataFrame(
    {
        "image_id": [f"s/{number}.png" for number in range(7)],
        "class": list("abababa"),
        "split": "train",
        "source": "s",
        "file": [f"{number}.png" for number in range(7)],
    }
)


def chunk_of(first, chunks, failing=(), width=3):
    """A chunk whose features are the number of the image; those of some images fail."""
    rows = ImageChunk(first, chunks).of(COHORT)
    places = np.array([place for place in range(len(rows)) if place not in failing], dtype=int)
    numbers = rows["file"].str.removesuffix(".png").astype(float).to_numpy()[places]
    features = np.repeat(numbers[:, None], width, axis=1).astype(np.float32)
    rejected = rejected_images(rows, [(place, "too small") for place in failing])
    return encoded_table(rows, features, places), rejected


def test_every_image_is_in_one_chunk_and_in_the_order_of_the_cohort():
    chunks, rejected = zip(*(chunk_of(first, 3) for first in range(3)), strict=True)
    table = join_features("enc", COHORT, chunks, pd.concat(rejected))
    assert list(table.columns) == ["image_id", "class", "split", "f000", "f001", "f002"]
    assert table["image_id"].tolist() == COHORT["image_id"].tolist()
    assert table["f002"].tolist() == list(range(7))
    assert table["class"].tolist() == COHORT["class"].tolist()


def test_an_image_that_fails_is_left_out_with_its_reason():
    chunks, rejected = zip(chunk_of(0, 2, failing=[1]), chunk_of(1, 2), strict=True)
    rejected = pd.concat(rejected, ignore_index=True)
    table = join_features("enc", COHORT, chunks, rejected)
    assert table["f000"].tolist() == [0, 1, 3, 4, 5, 6]
    assert rejected.to_dict("records") == [
        {"source": "s", "file": "2.png", "stage": "encoder", "reason": "too small"}
    ]


def test_chunks_of_other_widths_and_none_at_all_are_one_line():
    both = [chunk_of(0, 2)[0], chunk_of(1, 2, width=4)[0]]
    with pytest.raises(
        InputError, match=r"encoders\.enc: some chunks have 3 features and others 4"
    ):
        join_features("enc", COHORT, both, chunk_of(0, 2)[1])
    empty, rejected = chunk_of(0, 7, failing=[0])
    with pytest.raises(InputError, match=r"no image of the cohort could be encoded.*too small"):
        join_features("enc", COHORT, [empty], rejected)


def test_files_are_those_of_the_source():
    paths = original_files(COHORT.head(2), {"s": Path("results/sources/s")})
    assert paths == [Path("results/sources/s/0.png"), Path("results/sources/s/1.png")]
