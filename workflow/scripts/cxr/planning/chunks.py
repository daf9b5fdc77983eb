"""The t-SNE maps and null simulations of a study, divided into jobs."""

import math
from collections.abc import Sequence
from typing import Any

from cxr.config.catalogue.null_models import PRIMARY

# Null simulations in one job; on a GPU a job's start takes as long as hundreds of them.
SIMULATIONS, SIMULATIONS_ON_GPU = 50, 1000


def chunks(
    perplexities: list[float], seeds: list[int], n_perplexities: int, n_seeds: int
) -> dict[str, dict[str, Any]]:
    """The t-SNE maps of a study, divided into jobs.

    Perplexities and seeds are divided by value, not by position (1 to
    `n_perplexities`, the next as many, ...; 0 to `n_seeds` - 1, ...), so that
    adding some leaves the other jobs as they are.

    Parameters
    ----------
    perplexities : list of float
    seeds : list of int
    n_perplexities, n_seeds : int
        From one boundary to the next.

    Returns
    -------
    dict
        By name, such as `s0-4_p001-100`, the `perplexities` and the `seeds` of a
        job; every perplexity is run with every seed.
    """
    bands: dict[int, list[float]] = {}
    for perplexity in sorted(perplexities):
        bands.setdefault(math.ceil(perplexity / n_perplexities) - 1, []).append(perplexity)
    blocks: dict[int, list[int]] = {}
    for seed in sorted(seeds):
        blocks.setdefault(seed // n_seeds, []).append(seed)
    return {
        f"s{_span(i * n_seeds, n_seeds, 1)}_p{_span(j * n_perplexities + 1, n_perplexities, 3)}": {
            "perplexities": band,
            "seeds": block,
        }
        for i, block in blocks.items()
        for j, band in bands.items()
    }


def _span(first: int, length: int, digits: int) -> str:
    """The first and the last of `length` whole numbers, or the only one."""
    last = f"-{first + length - 1:0{digits}d}" if length > 1 else ""
    return f"{first:0{digits}d}{last}"


def neighbour_reach(perplexities: list[float]) -> int:
    """The perplexity that a study's neighbour search serves, a power of two, at least 128.

    It is rounded up so that adding a perplexity does not, as a rule, search
    again, which would repeat all maps.
    """
    return 2 ** max(7, math.ceil(math.log2(max(perplexities))))


def null_chunks(
    nulls: Sequence[str], controls: Sequence[str], replicates: int, largest: int = SIMULATIONS
) -> dict[str, Any]:
    """The null simulations of a study, divided into jobs.

    They are numbered from 1 and divided by number, so that more of them leave the
    finished jobs as they are.

    Parameters
    ----------
    nulls : sequence of str
        Null models of the features.
    controls : sequence of str
        Each has simulations of the primary null model fitted to it.
    replicates : int
    largest : int
        Simulations of one job.

    Returns
    -------
    dict
        By name, such as `features.gaussian.0001-0040`, the `subject`, the `null`,
        the `first` and the `last` simulation of a job.
    """
    pairs = [("features", null) for null in nulls] + [(name, PRIMARY) for name in controls]
    blocks = [
        (first, min(first + largest - 1, replicates)) for first in range(1, replicates + 1, largest)
    ]
    return {
        f"{subject}.{null}.{first:04d}-{last:04d}": {
            "subject": subject,
            "null": null,
            "first": first,
            "last": last,
        }
        for subject, null in pairs
        for first, last in blocks
    }
