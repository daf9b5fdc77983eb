"""What a study's config makes of the workflow: the chunks of its sweep, each job's settings."""

import math
from collections.abc import Mapping
from typing import Any


def chunks(perplexities: list[float], seeds: list[int], width: int) -> dict[str, dict[str, Any]]:
    """The t-SNE runs of a study, divided into jobs.

    Perplexities are divided by value, not by position (1 to `width`, the next
    `width`, ...), and seeds one by one, so that adding some leaves the other
    jobs as they are.

    Parameters
    ----------
    perplexities : list of float
    seeds : list of int
    width : int
        Perplexities from one boundary to the next; at 20 the jobs take 1 to 20,
        21 to 40, and so on.

    Returns
    -------
    dict
        By name, such as `s0-p001-020`, the `perplexities` and the `seed` of a job.
    """
    bins: dict[int, list[float]] = {}
    for perplexity in sorted(perplexities):
        bins.setdefault(math.ceil(perplexity / width), []).append(perplexity)
    return {
        f"s{seed}-p{(number - 1) * width + 1:03d}-{number * width:03d}": {
            "perplexities": members,
            "seed": seed,
        }
        for seed in seeds
        for number, members in bins.items()
    }


def reach(perplexities: list[float]) -> int:
    """The perplexity that a study's neighbour search serves, a power of two, at least 128.

    It is rounded up so that adding a perplexity does not, as a rule, search
    again, which would repeat all maps.
    """
    return 2 ** max(7, math.ceil(math.log2(max(perplexities))))


def pick(study: Mapping[str, Any], paths: Mapping[str, Any], wildcards: Mapping[str, str]) -> Any:
    """A job's settings: the named parts of the config and nothing else.

    Parameters
    ----------
    study : mapping
        The resolved config.
    paths : mapping
        For each setting its dotted path in the config, or a mapping of such
        paths; `{model}` in a path is filled from the wildcards.
    wildcards : mapping

    Returns
    -------
    dict
    """
    picked: dict[str, Any] = {}
    for name, path in sorted(paths.items()):
        if isinstance(path, Mapping):
            picked[name] = pick(study, path, wildcards)
            continue
        value: Any = study
        for part in path.split("."):
            value = value[part.format(**wildcards)]
        picked[name] = value
    return picked
