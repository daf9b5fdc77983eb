"""Jobs get exactly their settings, and adding work leaves other jobs as they are."""

import os
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cxr.planning.chunks import chunks, neighbour_reach
from cxr.planning.folders import folder_signature
from cxr.planning.settings import select_settings

PERPLEXITIES = st.lists(st.integers(1, 400).map(float), min_size=1, unique=True)
SEEDS = st.lists(st.integers(0, 50), min_size=1, max_size=4, unique=True)


@given(PERPLEXITIES, SEEDS, st.integers(1, 50), st.integers(1, 9))
def test_every_run_is_in_exactly_one_chunk(perplexities, seeds, n_perplexities, n_seeds):
    runs = [
        run
        for chunk in chunks(perplexities, seeds, n_perplexities, n_seeds).values()
        for run in product(chunk["perplexities"], chunk["seeds"])
    ]
    assert sorted(runs) == sorted(product(perplexities, seeds))


@given(PERPLEXITIES, PERPLEXITIES, SEEDS, SEEDS)
def test_added_runs_change_only_their_own_chunks(perplexities, more, seeds, other):
    before = chunks(perplexities, seeds, 20, 5)
    after = chunks(sorted({*perplexities, *more}), list(dict.fromkeys([*seeds, *other])), 20, 5)
    new_bands = {(p - 1) // 20 for p in set(more) - set(perplexities)}
    new_blocks = {seed // 5 for seed in set(other) - set(seeds)}
    for name, chunk in before.items():
        band, block = (chunk["perplexities"][0] - 1) // 20, chunk["seeds"][0] // 5
        if band not in new_bands and block not in new_blocks:
            assert after[name] == chunk


def test_chunk_names_tell_seeds_and_perplexities():
    assert chunks([1.0, 20.0, 21.0], [7, 5], 20, 5) == {
        "s5-9_p001-020": {"perplexities": [1.0, 20.0], "seeds": [5, 7]},
        "s5-9_p021-040": {"perplexities": [21.0], "seeds": [5, 7]},
    }
    assert list(chunks([3.0], [7], 1, 1)) == ["s7_p003"]


@pytest.mark.parametrize(("perplexities", "expected"), [([5], 128), ([178], 256), ([300.5], 512)])
def test_the_neighbour_search_reaches_further_than_asked(perplexities, expected):
    assert neighbour_reach(perplexities) == expected


def test_settings_hold_the_named_parts_and_nothing_else():
    study = {"a": {"b": 1, "c": 2}, "models": {"m": {"d": 3}}, "e": 4}
    paths = {"d": "models.{model}.d", "x": {"b": "a.b", "e": "e"}}
    assert select_settings(study, paths, {"model": "m"}) == {"d": 3, "x": {"b": 1, "e": 4}}


@pytest.mark.parametrize(
    "change",
    [
        lambda folder: (folder / "b.png").touch(),
        lambda folder: (folder / "a.png").write_text("more"),
        lambda folder: os.utime(folder / "a.png", (1, 1)),
        lambda folder: (folder / "a.png").rename(folder / "c.png"),
        lambda folder: (folder / "a.png").unlink(),
        lambda folder: (folder / "linked").symlink_to("."),
    ],
)
def test_a_listing_sees_every_change_of_a_folder(tmp_path, change):
    folder = tmp_path / "images" / "sub"
    folder.mkdir(parents=True)
    (folder / "a.png").write_text("some")
    before = folder_signature(str(tmp_path / "images"))
    (folder / ".DS_Store").touch()
    (folder / "broken.png").symlink_to("nowhere")
    assert folder_signature(f"{tmp_path}/./images/") == before
    change(folder)
    assert folder_signature(str(tmp_path / "images")) != before
