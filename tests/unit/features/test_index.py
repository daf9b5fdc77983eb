"""Exact and approximate indices."""

import numpy as np
import pytest

from cxr.core.errors import InputError
from cxr.features.index import APPROXIMATE, EXACT, read_index
from tests.helpers.similarity import found_in, space_of


def test_an_approximate_search_says_its_recall_and_repeats_its_bytes(rng, tmp_path):
    signal = rng.normal(size=(3000, 8)) @ rng.normal(size=(8, 32))
    space, _ = space_of(np.maximum(signal, 0) + 0.01)
    found, index, how = found_in(space, 36, exact_up_to=2000)
    true, _, exact = found_in(space, 36)
    assert (how.method, exact.method) == (APPROXIMATE, EXACT)
    pairs = {(q, n) for q, n in zip(true["query_id"], true["neighbour_id"], strict=True)}
    hits = sum(pair in pairs for pair in zip(found["query_id"], found["neighbour_id"], strict=True))
    assert hits / len(pairs) >= 0.98
    assert hits / len(pairs) == pytest.approx(how.recall, abs=0.01)
    index.save(tmp_path / "a")
    found_in(space, 36, exact_up_to=2000)[1].save(tmp_path / "b")
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    stored = read_index(tmp_path / "a", how)
    point = space.points[:1]
    assert stored.find(point, 5).tolist() == index.find(point, 5).tolist()
    assert stored.find(point, 5)[0, 0] == 0
    (tmp_path / "a").write_bytes(b"cut short")
    with pytest.raises(InputError, match="not a whole index"):
        read_index(tmp_path / "a", how)


def test_where_too_few_neighbours_are_found_all_distances_are_computed(rng):
    # Of independent Gaussians none is much nearer than the others: graphs lose their way.
    space, _ = space_of(rng.normal(size=(2500, 256)))
    found, _, how = found_in(space, 36, exact_up_to=2000, recall=1.0)
    assert (how.method, how.recall) == (EXACT, 1.0)
    assert len(found) == 2500 * 36
