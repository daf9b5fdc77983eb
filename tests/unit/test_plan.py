"""Jobs get exactly their settings, and adding work leaves other jobs as they are."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cxr.plan import chunks, pick, reach

PERPLEXITIES = st.lists(st.integers(1, 400).map(float), min_size=1, unique=True)
SEEDS = st.lists(st.integers(0, 50), min_size=1, max_size=4, unique=True)


@given(PERPLEXITIES, SEEDS, st.integers(1, 50))
def test_every_run_is_in_exactly_one_chunk(perplexities, seeds, width):
    runs = [
        (perplexity, chunk["seed"])
        for chunk in chunks(perplexities, seeds, width).values()
        for perplexity in chunk["perplexities"]
    ]
    assert sorted(runs) == sorted((p, s) for p in perplexities for s in seeds)


@given(PERPLEXITIES, PERPLEXITIES, SEEDS, SEEDS)
def test_added_runs_change_only_their_own_chunks(perplexities, more, seeds, other):
    before = chunks(perplexities, seeds, 20)
    after = chunks(sorted({*perplexities, *more}), list(dict.fromkeys([*seeds, *other])), 20)
    touched = {(p - 1) // 20 for p in set(more) - set(perplexities)}
    for name, chunk in before.items():
        if (chunk["perplexities"][0] - 1) // 20 not in touched:
            assert after[name] == chunk


def test_chunk_names_tell_seed_and_perplexities():
    assert chunks([1.0, 20.0, 21.0], [7], 20) == {
        "s7-p001-020": {"perplexities": [1.0, 20.0], "seed": 7},
        "s7-p021-040": {"perplexities": [21.0], "seed": 7},
    }


@pytest.mark.parametrize(("perplexities", "expected"), [([5], 128), ([178], 256), ([300.5], 512)])
def test_the_neighbour_search_reaches_further_than_asked(perplexities, expected):
    assert reach(perplexities) == expected


def test_settings_hold_the_named_parts_and_nothing_else():
    study = {"a": {"b": 1, "c": 2}, "models": {"m": {"d": 3}}, "e": 4}
    paths = {"d": "models.{model}.d", "x": {"b": "a.b", "e": "e"}}
    assert pick(study, paths, {"model": "m"}) == {"d": 3, "x": {"b": 1, "e": 4}}
