"""The jobs that made some results, as each recorded itself."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path, PurePosixPath

from cxr.core.receipts import Receipt, read_receipt
from cxr.planning.benchmarks import read_benchmark


@dataclass(frozen=True)
class Execution:
    """One job that has ended.

    Attributes
    ----------
    name : str
        Its rule and what it is of, as its log is called: `evaluate/conv5`.
    receipt : Receipt
        What it ran, read and wrote.
    started, ended : datetime or None
        In UTC; None where the job's log or benchmark is gone.
    """

    name: str
    receipt: Receipt
    started: datetime | None
    ended: datetime | None


def executions(results: Path, outputs: Iterable[str]) -> list[Execution]:
    """The jobs that made some results, and all that these were made from.

    Results of an earlier config that lie in the same folder are none of them.

    Parameters
    ----------
    results : Path
        The folder of results.
    outputs : iterable of str
        Paths below it.

    Returns
    -------
    list of Execution
        By name.
    """
    pending = list(outputs)
    found: dict[str, Execution] = {}
    while pending:
        receipt = read_receipt(results, pending.pop())
        if receipt is None or receipt.log in found:
            continue
        found[receipt.log] = _execution(results, receipt)
        pending += receipt.inputs
    return sorted(found.values(), key=lambda execution: (execution.name, execution.receipt.log))


def _execution(results: Path, receipt: Receipt) -> Execution:
    """A job, with the time at which its log ended and the seconds that it took until then."""
    log = results / receipt.log
    study, _, *parts = PurePosixPath(receipt.log).with_suffix("").parts
    name = "/".join(parts)
    benchmark = results / study / "benchmarks" / f"{name}.jsonl"
    if not (benchmark.is_file() and log.is_file()):
        return Execution(name, receipt, None, None)
    ended = datetime.fromtimestamp(int(log.stat().st_mtime), UTC)
    measured = list(read_benchmark(benchmark))
    spent = timedelta(seconds=round(measured[-1]["s"])) if measured else None
    return Execution(name, receipt, ended - spent if spent is not None else None, ended)
