"""The readers by name."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from cxr.metadata.schema import Reading
from cxr.sources import covid_ct, ieee8023, kermany, table

READERS: dict[str, Callable[..., Reading]] = {
    "covid_ct": covid_ct.read,
    "ieee8023": ieee8023.read,
    "kermany": kermany.read,
    "table": table.read,
}


def read(source: str, root: Path, reader: str, **settings: Any) -> Reading:
    """Reads a source's folder with the named reader.

    Parameters
    ----------
    source : str
        The source's name; it begins its image and patient ids.
    root : Path
        The source's folder.
    reader : str
        A key of `READERS`.
    **settings
        What that reader takes besides.
    """
    return READERS[reader](source, root, **settings)
