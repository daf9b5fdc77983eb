"""Every reader that a config may name is there."""

from typing import get_args, get_type_hints

from cxr.config.sources import Reader
from cxr.sources.readers import READERS, PublishedLayout


def test_config_layout_and_readers_have_the_same_names():
    layouts = get_args(get_type_hints(PublishedLayout)["reader"])
    assert set(get_args(Reader)) == set(layouts) == set(READERS)
