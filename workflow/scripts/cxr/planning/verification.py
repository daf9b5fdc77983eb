"""Whether results are what today's config, code and data make, as their receipts say.

The times of files say little after a copy, and nothing of a damaged byte. So before a run all
results of a study are read once, and compared with the receipts of the jobs that wrote them.
"""

import math
import os
import time
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cxr.core.hashing import TIMESTAMP, digest, leads_nowhere
from cxr.core.receipts import FOLDER, Receipt, read_receipt, same_settings

# Why results are made again, in the words of the line that says so.
MISSING = "missing"
CHANGED = "not as written"
UNKNOWN = "without a receipt"
CODE = "of other code"
SETTINGS = "of other settings"
INPUTS = "of other inputs"


def modified(paths: Iterable[Path]) -> list[int]:
    """When each of some files was modified, in nanoseconds; those that are not there have none."""
    times = []
    for path in paths:
        with suppress(OSError):
            times.append(path.stat().st_mtime_ns)
    return times


@dataclass
class Results:
    """The results of a study, with what shares their folder: its sources and weights.

    Attributes
    ----------
    folder : Path
        The folder of all results.
    parts : list of str
        The folders in it that are looked at.
    receipts : dict
        By output, the receipt of the job that wrote it.
    digests : dict of str to str
        Of each output that has a receipt and is there.
    unrecorded : dict of str to str or None
        The same of other files in the folder that were asked for: of the user, or of another
        study. None where there is none.
    reasons : dict of str to int
        How many jobs' results `reason` found to be made again, by the reason.
    """

    folder: Path
    parts: list[str]
    receipts: dict[str, Receipt] = field(default_factory=dict)
    digests: dict[str, str] = field(default_factory=dict)
    unrecorded: dict[str, str | None] = field(default_factory=dict)
    reasons: dict[str, int] = field(default_factory=dict)

    def read(self, threads: int = 1) -> None:
        """Reads all receipts and the results that they tell of."""
        self.receipts, self.unrecorded = {}, {}
        for part in self.parts:
            place = self.folder / part / FOLDER
            for path in sorted(place.rglob("*.json")):
                output = f"{part}/{path.relative_to(place).as_posix().removesuffix('.json')}"
                receipt = read_receipt(self.folder, output)
                if receipt is not None and output in receipt.outputs:
                    self.receipts[output] = receipt
        with ThreadPoolExecutor(max_workers=max(1, threads)) as pool:
            found = pool.map(self._digest, self.receipts)
            self.digests = {
                output: value
                for output, value in zip(self.receipts, found, strict=True)
                if value is not None
            }

    def _digest(self, output: str) -> str | None:
        """The digest of an output, None where it is not there or can't be read."""
        path = self.folder / output
        try:
            if path.is_dir() and leads_nowhere(path):  # a source whose files are elsewhere
                return self.receipts[output].outputs[output]
            return digest(path)
        except OSError:
            return None

    def _digest_of(self, name: str) -> str | None:
        """The digest of a file in the folder of results as it is now, None where there is none."""
        if name in self.receipts:
            return self.digests.get(name)
        if name not in self.unrecorded:
            try:
                self.unrecorded[name] = digest(self.folder / name)
            except OSError:
                self.unrecorded[name] = None
        return self.unrecorded[name]

    def damaged(self) -> list[Path]:
        """The files that are not as they were written, less what a job is writing now."""
        paths = []
        for output, found in self.digests.items():
            receipt, path = self.receipts[output], self.folder / output
            if found == receipt.outputs[output] or path.is_dir():
                continue
            if read_receipt(self.folder, output) == receipt:
                paths.append(path)
        return paths

    def restore_times(self) -> None:
        """Gives all results one time where, by content, none is older than what it was made of.

        A copy leaves the times of its files in any order. What another run has removed since all
        was read has no time.
        """
        whole = [output for output in self.digests if self._is_whole(self.receipts[output])]
        newer = any(
            max(modified([self.folder / name for name in self.receipts[output].inputs]), default=0)
            > min(modified(self._timed(output)), default=math.inf)
            for output in whole
        )
        if not newer:
            return
        now = time.time_ns()
        for path in {path for output in whole for path in self._timed(output)}:
            with suppress(OSError):
                os.utime(path, ns=(now, now))

    def _timed(self, output: str) -> list[Path]:
        """What has the times of a job: an output, the time stamp of a folder, and a benchmark."""
        path, log = self.folder / output, self.receipts[output].log
        benchmark = Path(log.replace("/logs/", "/benchmarks/", 1)).with_suffix(".jsonl")
        return [path, path / TIMESTAMP, self.folder / benchmark]

    def _is_whole(self, receipt: Receipt) -> bool:
        """Whether what a job wrote, and the results that it read, are as its receipt says."""
        noted = {**receipt.inputs, **receipt.outputs}
        return all(self._digest_of(name) == value for name, value in noted.items())

    def reason(
        self,
        outputs: Iterable[str],
        inputs: Iterable[str],
        cfg: Mapping[str, Any] | None,
        code: str,
    ) -> str | None:
        """Why a job must run again, None where its results are those of today; counted.

        Parameters
        ----------
        outputs, inputs : paths
        cfg : mapping or None
        code : str
            What the job would run.
        """
        names = [Path(path).relative_to(self.folder).as_posix() for path in outputs]
        found = self._reason(names, inputs, cfg, code)
        # What was never made is no news.
        if found is not None and (found != MISSING or names[0] in self.receipts):
            self.reasons[found] = self.reasons.get(found, 0) + 1
        return found

    def _reason(
        self,
        outputs: list[str],
        inputs: Iterable[str],
        cfg: Mapping[str, Any] | None,
        code: str,
    ) -> str | None:
        if not all((self.folder / output).exists() for output in outputs):
            return MISSING
        receipt = self.receipts.get(outputs[0])
        if receipt is None or sorted(receipt.outputs) != sorted(outputs):
            return UNKNOWN
        if any(self.digests.get(output) != receipt.outputs[output] for output in outputs):
            return CHANGED
        if receipt.code != code:
            return CODE
        if not same_settings(receipt.cfg, cfg):
            return SETTINGS
        return None if self._same_inputs(receipt, inputs) else INPUTS

    def _same_inputs(self, receipt: Receipt, inputs: Iterable[str]) -> bool:
        """Whether a job would read what it read."""
        results: dict[str, str | None] = {}
        others = []
        for path in map(Path, inputs):
            if path.is_relative_to(self.folder):
                name = path.relative_to(self.folder).as_posix()
                results[name] = self._digest_of(name)
            elif path.exists():
                others.append(digest(path))
        return results == receipt.inputs and sorted(others) == receipt.others

    def summary(self) -> str | None:
        """One line on what is made again, None where nothing is."""
        if not self.reasons:
            return None
        counts = ", ".join(f"{count} {reason}" for reason, count in self.reasons.items())
        return f"{self.folder / self.parts[0]}: results made again: {counts}"
