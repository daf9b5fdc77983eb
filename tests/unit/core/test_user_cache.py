"""Values that processes share: found once, lost at no harm."""

import pytest

from cxr.core import user_cache as module
from cxr.core.user_cache import KeptValues, user_cache


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return user_cache() / "words.json"


def known(*keys):
    """What a new process has to compute of these keys."""
    computed = []
    kept = KeptValues("words")
    for key in keys:
        assert kept.get(key, lambda key=key: computed.append(key) or key.upper()) == key.upper()
    kept.save()
    return computed


def test_a_value_is_computed_once(place):
    assert known("a", "b", "a") == ["a", "b"]
    assert known("b", "c") == ["c"]
    assert known("a", "b", "c") == []
    assert list(place.parent.iterdir()) == [place]


def test_processes_side_by_side_keep_what_both_found():
    first, second = KeptValues("words"), KeptValues("words")
    first.get("a", lambda: "A")
    second.get("b", lambda: "B")
    first.save()
    second.save()
    assert known("a", "b") == []


@pytest.mark.parametrize("content", ["", "{", "[1]", "\udcff"])
def test_a_damaged_file_is_made_again(place, content):
    place.parent.mkdir()
    place.write_bytes(content.encode(errors="surrogateescape"))
    assert known("a") == ["a"]
    assert known("a") == []


def test_a_folder_that_can_not_be_written_costs_the_time_alone(place):
    place.parent.write_text("")
    assert known("a") == ["a"]
    assert known("a") == ["a"]


def test_of_too_many_those_in_use_are_kept(monkeypatch):
    monkeypatch.setattr(module, "LARGEST", 3)
    known("a", "b", "c")
    known("c", "d")
    assert known("c", "d") == []
    assert known("a") == ["a"]
