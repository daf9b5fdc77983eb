"""A source's settings fall into parts that no two jobs confuse."""

import pytest

from cxr.planning.source_parts import CONTENT, PARTS, source_part

SOURCE = {
    "kind": "git",
    "url": "u",
    "commit": "c",
    "reader": "table",
    "columns": {"file": "f"},
    "folder": "upstream",
    "licence": "CC0",
}


@pytest.mark.parametrize(
    ("part", "expected"),
    [
        ("content", {"commit", "kind", "url"}),
        ("reading", {"reader", "columns"}),
        ("places", {"folder"}),
        ("terms", {"licence"}),
    ],
)
def test_a_part_holds_its_keys_where_the_config_has_them(part, expected):
    assert set(source_part(SOURCE, part)) == expected


def test_every_key_is_in_exactly_one_part():
    keys = [key for part in (CONTENT, *PARTS) for key in source_part(SOURCE, part)]
    assert sorted(keys) == sorted(SOURCE)
