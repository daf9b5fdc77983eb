"""Every reader that a config may name is there."""

from cxr.config.catalogue.readers import PUBLISHED
from cxr.core.settings import typed
from cxr.sources.readers import READERS, PublishedLayout
from cxr.sources.reading import ReadingSettings
from cxr.sources.table import TableLayout


def test_every_published_layout_has_a_reader():
    assert set(READERS) == set(PUBLISHED)


def test_a_source_is_in_a_published_layout_or_a_table():
    table = {"reader": "table", "table": "a.csv", "images": ".", "columns": {}, "constants": {}}
    sources = {"k": {"reader": "kermany"}, "own": table}
    settings = typed(ReadingSettings, {"sources": sources})
    assert settings.sources == {"k": PublishedLayout("kermany"), "own": TableLayout(**table)}
