"""What the explorer says of a model's clusters: whether they are supported, and how stable."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cxr.config.catalogue.null_models import PRIMARY
from cxr.core.io import read_json
from cxr.evidence.verdict import format_p
from cxr.explorer.packing import PICTURES_INDEX

SUPPORTED = "clusters"


def explorer_verdict(evidence: Mapping[str, Any] | None) -> dict[str, Any]:
    """Whether a map may open coloured by its clusters, and the words above it where not.

    Parameters
    ----------
    evidence : mapping, optional
        The evidence document; None where significance was not tested.

    Returns
    -------
    dict
        `banner`, empty where the clusters are supported; `stability`, a sentence for each of
        the study's selected clusters.
    """
    if evidence is None:
        banner = "Candidate clusters: their significance was not tested."
        return {"banner": banner, "stability": []}
    verdict = evidence["verdict"]["verdict"]
    if verdict.startswith(SUPPORTED):
        return {"banner": "", "stability": _stability(evidence)}
    nulls = evidence.get("nulls")
    p = f", p {format_p(nulls[PRIMARY]['p'])}" if nulls else ""
    banner = f"Candidate clusters, not supported{p}: {verdict}. The map opens without them."
    return {"banner": banner, "stability": _stability(evidence)}


def _stability(evidence: Mapping[str, Any]) -> list[str]:
    """The stability of each cluster under resampling of patients, in words."""
    clusters = (evidence.get("stability") or {}).get("bootstrap", {}).get("clusters", [])
    return [
        "stability not assessed"
        if cluster["mean"] is None
        else f"{cluster['grade']} (mean Jaccard similarity {cluster['mean']:.2f})"
        for cluster in clusters
    ]


def explorer_pictures(folder: str | None) -> dict[str, Any] | None:
    """The folder of pictures as the page's address has it, and the file of each image.

    None where there are no pictures.
    """
    if folder is None or not (Path(folder) / PICTURES_INDEX).exists():
        return None
    path = Path(folder)
    return {"folder": f"{path.parent.name}/{path.name}", **read_json(path / PICTURES_INDEX)}
