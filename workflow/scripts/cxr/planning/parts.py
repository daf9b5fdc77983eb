"""The protocols by which networks are measured, and the parts that each trains for."""

from collections.abc import Mapping, Sequence
from typing import Any

# Protocols: the study's own splits, folds of patients, folds of images, all sources but one.
STUDY, GROUPED, RANDOM, WITHOUT = "study", "grouped", "random", "without"


def protocol_parts(evaluation: Mapping[str, Any], sources: Sequence[str]) -> dict[str, str]:
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
