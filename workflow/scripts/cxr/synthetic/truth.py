"""The groups that were planted in synthetic sources."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd


def planted_groups(folders: Sequence[Path], metadata: pd.DataFrame) -> pd.Series:
    """The class and group that each image of synthetic sources was drawn from, as text.

    Parameters
    ----------
    folders : sequence of Path
        Of synthetic sources, named after them, each with its `truth.csv`.
    metadata : DataFrame
        `image_id, source, file` of all images.

    Returns
    -------
    Series of str
        By image_id; images of other sources are not in it.
    """
    groups: dict[tuple[str, str], str] = {}
    for folder in folders:
        truth = pd.read_csv(folder / "truth.csv", dtype=str, keep_default_na=False)
        names = truth["class"] + " " + truth["variant"]
        files = [(folder.name, name) for name in truth["filename"]]
        groups |= dict(zip(files, names, strict=True))
    names = [Path(file).name for file in metadata["file"]]
    keys = pd.Series(list(zip(metadata["source"], names, strict=True)), metadata["image_id"])
    return keys.map(groups).dropna().astype(object)
