"""The protocols by which networks are evaluated, and the parts that each trains for."""

from collections.abc import Sequence
from dataclasses import dataclass

# Protocols: the study's own splits, folds of patients, folds of images, all sources but one.
STUDY, GROUPED, RANDOM, WITHOUT = "study", "grouped", "random", "without"
PROTOCOLS = {
    STUDY: "the study's own split",
    GROUPED: "patient-grouped folds",
    RANDOM: "image-level split (patient leakage)",
}


@dataclass(frozen=True)
class ProtocolSettings:
    """The protocols of a study, besides its own split.

    Attributes
    ----------
    folds : int or None
        Folds of the patient-grouped cross-validation, None for none.
    repeats : int
        Times that the folds are drawn.
    random_split : bool
        Whether images are divided at random as well, in as many folds.
    leave_source_out : bool
        Whether each source is left out of training and tested on.
    """

    folds: int | None
    repeats: int = 1
    random_split: bool = False
    leave_source_out: bool = False


def protocol_parts(settings: ProtocolSettings, sources: Sequence[str]) -> dict[str, str]:
    """The parts that networks are trained for again, with their protocol.

    Parameters
    ----------
    settings : ProtocolSettings
    sources : sequence of str
        Names of the study's sources.

    Returns
    -------
    dict
        Protocol by part: `grouped-r1f1`, `random-r1f1`, `without-<source>`.
    """
    folds, repeats = settings.folds, settings.repeats
    turns = [f"r{r + 1}f{k + 1}" for r in range(repeats) for k in range(folds or 1)]
    parts = {f"{GROUPED}-{turn}": GROUPED for turn in turns} if folds else {}
    if settings.random_split:
        parts |= {f"{RANDOM}-{turn}": RANDOM for turn in turns}
    if settings.leave_source_out and len(sources) > 1:
        parts |= {f"{WITHOUT}-{name}": f"{WITHOUT}-{name}" for name in sources}
    return parts


def protocol_label(protocol: str) -> str:
    """What a protocol is called in figures and on the page."""
    source = protocol.removeprefix(f"{WITHOUT}-")
    return PROTOCOLS.get(protocol, f"source {source} held out")
