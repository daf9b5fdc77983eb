"""The jobs of a run before they run: their stage, their size, the time that they should take."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cxr.terminal.stages import stage_of

SYNTHETIC = "synthetic"


@dataclass(frozen=True)
class PlannedJob:
    """One job that a run will start.

    Attributes
    ----------
    rule : str
    wildcards : mapping of str to str
        Without the study, which all jobs share.
    amount, kind : float, str
        As of `amount_of` and `kind_of`.
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
    kind: str = ""
    threads: int = 1
    memory_mb: int | None = None
    maps: int = 0
    after: Sequence[int] = ()

    @property
    def stage(self) -> str:
        """The stage that shows the job."""
        return stage_of(self.rule)

    @property
    def work(self) -> str:
        """What has one time a unit: the rule, and the kind where it matters."""
        return f"{self.rule} {self.kind}".strip()

    @property
    def words(self) -> str:
        """The job in words: its rule, and which of several it is."""
        return job_words(self.rule, self.wildcards)


def job_words(rule: str, wildcards: Mapping[str, str]) -> str:
    """A job by its rule and wildcards, such as "train (model conv5)"."""
    parts = [f"{name} {value}" for name, value in wildcards.items() if name != "study"]
    return f"{rule} ({', '.join(parts)})" if parts else rule


def amount_of(settings: Any) -> float:
    """How much work the settings of a job ask for, in units of its rule and kind.

    Epochs of a training, by their pixels; patients that are drawn, maps, null simulations
    and repetitions, the share of a chunk of images; 1 where the settings don't tell. Only the
    ratio of two amounts of one rule and kind means anything.

    Parameters
    ----------
    settings : mapping or other
        The `cfg` of a rule.
    """
    if not isinstance(settings, Mapping):
        return 1.0
    amount = 1.0
    model = _trained(settings)
    if model is not None:
        phases = model["training"]["phases"]
        amount *= sum(phase["epochs"] * phase["image_size"] ** 2 for phase in phases) / 64**2
    if kind_of(settings) == SYNTHETIC:
        amount *= settings["source"]["patients"]
    if "tsne" in settings:
        amount *= len(settings["perplexities"]) * len(settings["seeds"])
    if "search" in settings:
        amount *= settings["search"].get("n_perplexities", 1)
    if "first" in settings and "last" in settings:
        amount *= settings["last"] - settings["first"] + 1
    if "search" in settings and "resamples" in settings:
        amount *= settings["resamples"]
    chunk = settings.get("chunk", settings)
    if isinstance(chunk, Mapping) and "chunks" in chunk:
        amount /= chunk["chunks"]
    return amount


def kind_of(settings: Any) -> str:
    """What jobs of one rule have to share for their times to be comparable.

    The architecture of a training and the kind of a source; else nothing.

    Parameters
    ----------
    settings : mapping or other
        The `cfg` of a rule.
    """
    if not isinstance(settings, Mapping):
        return ""
    model, source = _trained(settings), settings.get("source")
    if model is not None:
        return str(model["architecture"])
    return str(source["kind"]) if isinstance(source, Mapping) and "kind" in source else ""


def _trained(settings: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The network that a job trains, if it trains one."""
    run = settings.get("run", settings)
    model = run.get("model") if isinstance(run, Mapping) else None
    return model if isinstance(model, Mapping) and model.get("training") else None
