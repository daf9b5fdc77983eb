"""All sources of a study as their readers see them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from cxr.metadata.schema import Reading, combine
from cxr.sources.readers import Layout, read


@dataclass(frozen=True)
class ReadingSettings:
    """What is read.

    Attributes
    ----------
    sources : mapping
        The layout of each source, by its name.
    """

    sources: Mapping[str, Layout]


def read_sources(roots: Sequence[str | Path], settings: ReadingSettings) -> Reading:
    """Reads every source, and looks at no image.

    Parameters
    ----------
    roots : sequence of path
        The folder of each source, in the order of the settings.
    settings : ReadingSettings

    Returns
    -------
    Reading
        All sources combined.

    Raises
    ------
    InputError
        If a source is not in its layout.
    """
    return combine(
        [
            read(source, Path(root), layout)
            for root, (source, layout) in zip(roots, settings.sources.items(), strict=True)
        ]
    )
