"""What a study's config makes of the workflow: the chunks of its sweep, the parts of its
protocols, each job's settings.
"""

import hashlib
import math
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

# Protocols: the study's own splits, folds of patients, folds of images, all sources but one.
STUDY, GROUPED, RANDOM, WITHOUT = "study", "grouped", "random", "without"
# Draws without clusters in one job.
DRAWS = 50


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
    low: dict[int, list[float]] = {}
    for perplexity in sorted(perplexities):
        low.setdefault(math.ceil(perplexity / n_perplexities) - 1, []).append(perplexity)
    first: dict[int, list[int]] = {}
    for seed in sorted(seeds):
        first.setdefault(seed // n_seeds, []).append(seed)
    return {
        f"s{_span(i * n_seeds, n_seeds, 1)}_p{_span(j * n_perplexities + 1, n_perplexities, 3)}": {
            "perplexities": some_perplexities,
            "seeds": some_seeds,
        }
        for i, some_seeds in first.items()
        for j, some_perplexities in low.items()
    }


def _span(first: int, length: int, digits: int) -> str:
    """The first and the last of so many whole numbers, or the only one."""
    last = f"-{first + length - 1:0{digits}d}" if length > 1 else ""
    return f"{first:0{digits}d}{last}"


def reach(perplexities: list[float]) -> int:
    """The perplexity that a study's neighbour search serves, a power of two, at least 128.

    It is rounded up so that adding a perplexity does not, as a rule, search
    again, which would repeat all maps.
    """
    return 2 ** max(7, math.ceil(math.log2(max(perplexities))))


def list_parts(evaluation: Mapping[str, Any], sources: Sequence[str]) -> dict[str, str]:
    """The parts that networks are trained for anew, with their protocol.

    Parameters
    ----------
    evaluation : mapping
        The config's `evaluation`.
    sources : sequence of str
        Names of the study's sources.

    Returns
    -------
    dict
        Protocol by part: `grouped-r1f1`, `random-r1f1`, `without-<source>`.
    """
    folds, repeats = evaluation["folds"], evaluation["repeats"]
    turns = [f"r{r + 1}f{k + 1}" for r in range(repeats) for k in range(folds or 1)]
    parts = {f"{GROUPED}-{turn}": GROUPED for turn in turns} if folds else {}
    if evaluation["random_split"]:
        parts |= {f"{RANDOM}-{turn}": RANDOM for turn in turns}
    if evaluation["leave_source_out"] and len(sources) > 1:
        parts |= {f"{WITHOUT}-{name}": f"{WITHOUT}-{name}" for name in sources}
    return parts


def backbones(
    similarity: Mapping[str, Any], models: Mapping[str, Mapping[str, Any]]
) -> dict[str, str]:
    """The network with ImageNet weights that is searched beside each model, where there is one.

    Parameters
    ----------
    similarity, models : mapping
        The config's.
    """
    wanted = similarity["space"] == "backbone" or "imagenet" in similarity["baselines"]
    own = {n: m["architecture"] if m["weights"] == "imagenet" else None for n, m in models.items()}
    named = {name: similarity["backbone"] or architecture for name, architecture in own.items()}
    return {name: found for name, found in named.items() if found and wanted}


def draws(nulls: Sequence[str], controls: Sequence[str], replicates: int) -> dict[str, Any]:
    """The draws without clusters of a study, divided into jobs.

    Draws are numbered from 1 and divided by number, so that more of them leave the
    finished jobs as they are.

    Parameters
    ----------
    nulls : sequence of str
        Null models of the features.
    controls : sequence of str
        Each is compared with draws from the primary null of its own.
    replicates : int

    Returns
    -------
    dict
        By name, such as `features.gaussian.0001-0040`, the `subject`, the `null`,
        the `first` and the `last` draw of a job.
    """
    wanted = [("features", null) for null in nulls] + [(name, "gaussian") for name in controls]
    blocks = [
        (first, min(first + DRAWS - 1, replicates)) for first in range(1, replicates + 1, DRAWS)
    ]
    return {
        f"{subject}.{null}.{first:04d}-{last:04d}": {
            "subject": subject,
            "null": null,
            "first": first,
            "last": last,
        }
        for subject, null in wanted
        for first, last in blocks
    }


def listing(folder: str | None) -> str:
    """A hash of the names, sizes and times of the files below a folder, less hidden ones.

    Of a link to a folder it sees where that leads.
    """
    if folder is None:
        return ""
    lines = []
    for place, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        below = Path(place).relative_to(folder)
        links = [name for name in folders if Path(place, name).is_symlink()]
        lines += [f"{below}/{name} {Path(place, name).readlink()}" for name in links]
        for name in names:
            if name.startswith("."):
                continue
            try:
                found = Path(place, name).stat()
            except OSError:  # a link to nothing, or a file that has just gone
                continue
            lines.append(f"{below}/{name} {found.st_size} {found.st_mtime_ns}")
    told = "\n".join(sorted(lines)).encode(errors="surrogateescape")
    return hashlib.sha256(told).hexdigest()


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
