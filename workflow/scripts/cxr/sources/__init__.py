"""One module a data source layout: each reads what was downloaded into the shared schema."""

from pathlib import Path

from cxr.metadata import Reading
from cxr.sources import ieee8023, kermany

READERS = {"ieee8023": ieee8023.read, "kermany": kermany.read}


def read(reader: str, source: str, root: Path) -> Reading:
    """Reads a source's folder with the named reader.

    Parameters
    ----------
    reader : str
        A key of `READERS`.
    source : str
        The source's name; it begins its image and patient ids.
    root : Path
        The source's folder.
    """
    return READERS[reader](source, root)
