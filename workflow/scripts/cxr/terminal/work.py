"""The jobs of a run before they run: their stage, their size, the time that they should take."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cxr.terminal.stages import stage_of


@dataclass(frozen=True)
class PlannedJob:
    """One job that a run will start.

    Attributes
    ----------
    rule : str
    wildcards : mapping of str to str
        Without the study, which all jobs share.
    amount : float
        As of `amount_of`.
    threads : int
    memory_mb : int or None
        What it requests, None where that is not known before its inputs are there.
    maps : int
        t-SNE maps that it makes or clusters.
    after : sequence of int
        Ids of jobs of this run that it waits for.
    """

    rule: str
    wildcards: Mapping[str, str]
    amount: float = 1.0
    threads: int = 1
    memory_mb: int | None = None
    maps: int = 0
    after: Sequence[int] = ()

    @property
    def stage(self) -> str:
        """The stage that shows the job."""
        return stage_of(self.rule)

    @property
    def words(self) -> str:
        """The job in words: its rule, and which of several it is."""
        return job_words(self.rule, self.wildcards)


def job_words(rule: str, wildcards: Mapping[str, str]) -> str:
    """A job by its rule and wildcards, such as "train (model conv5)"."""
    parts = [f"{name} {value}" for name, value in wildcards.items() if name != "study"]
    return f"{rule} ({', '.join(parts)})" if parts else rule


def amount_of(settings: Any) -> float:
    """How much work the settings of a job ask for, in units of its rule.

    Epochs of a training, maps, null simulations and repetitions; 1 where the settings
    don't tell. Only the ratio of two amounts of one rule means anything.

    Parameters
    ----------
    settings : mapping or other
        The `cfg` of a rule.
    """
    if not isinstance(settings, Mapping):
        return 1.0
    amount = 1.0
    training = _training(settings)
    if training is not None:
        amount *= sum(phase["epochs"] for phase in training["phases"])
    if "tsne" in settings:
        amount *= len(settings["perplexities"]) * len(settings["seeds"])
    if "search" in settings:
        amount *= settings["search"].get("n_perplexities", 1)
    if "first" in settings and "last" in settings:
        amount *= settings["last"] - settings["first"] + 1
    if "search" in settings and "resamples" in settings:
        amount *= settings["resamples"]
    return float(max(amount, 1.0))


def _training(settings: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The training that a job does, if it does one."""
    run = settings.get("run", settings)
    model = run.get("model") if isinstance(run, Mapping) else None
    training = model.get("training") if isinstance(model, Mapping) else None
    return training if isinstance(training, Mapping) and training.get("phases") else None
