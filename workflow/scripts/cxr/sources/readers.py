"""The readers by name."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from cxr.metadata.schema import Reading
from cxr.sources import covid_ct, folders, ieee8023, kermany, table
from cxr.sources.folders import FolderLayout
from cxr.sources.table import TableLayout


@dataclass(frozen=True)
class PublishedLayout:
    """The layout in which a data set was published.

    Attributes
    ----------
    reader : str
        A key of `READERS`.
    """

    reader: str


Layout = PublishedLayout | TableLayout | FolderLayout
READERS: dict[str, Callable[[str, Path], Reading]] = {
    "covid_ct": covid_ct.read,
    "ieee8023": ieee8023.read,
    "kermany": kermany.read,
}


def read(source: str, root: Path, layout: Layout) -> Reading:
    """Reads a source's folder with the reader of its layout.

    Parameters
    ----------
    source : str
        The source's name; its image and patient ids begin with it.
    root : Path
        The source's folder.
    layout : PublishedLayout, TableLayout or FolderLayout
    """
    if isinstance(layout, TableLayout):
        return table.read(source, root, layout)
    if isinstance(layout, FolderLayout):
        return folders.read(source, root, layout)
    return READERS[layout.reader](source, root)
