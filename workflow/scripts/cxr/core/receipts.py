"""What each job leaves beside its results: what it ran, and a digest of all that it read and wrote.

The receipt of `results/<study>/a/b.csv` is `results/<study>/receipts/a/b.csv.json`. A job with
several outputs has its receipt beside the first one; the others' name it.
"""

import json
import logging
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol
from uuid import uuid4

from cxr.core.errors import DamagedFile, InputError, Superseded
from cxr.core.hashing import digest, leads_nowhere
from cxr.core.io import write_json
from cxr.core.temporary import replaces_only_if

log = logging.getLogger("cxr")

FOLDER = "receipts"
# The distributions by which results may differ, as their modules are called.
LIBRARIES = (
    *("PIL", "hdbscan", "matplotlib", "numba", "numpy", "onnxruntime", "openTSNE", "pandas"),
    *("pyarrow", "pydicom", "scipy", "sklearn", "torch", "torchvision"),
)


class Task(Protocol):
    """What a job is asked to do, as a workflow engine hands it to a script."""

    rule: str
    input: Sequence[str]
    output: Sequence[str]
    log: Sequence[str]
    params: Any
    threads: int


@dataclass(frozen=True)
class Receipt:
    """What a job ran.

    Attributes
    ----------
    rule : str
    log : str
        Its log file, by its path below the folder of results.
    code : str
        The fingerprint of its script and modules.
    cfg : dict or None
        The part of the config that it used.
    inputs, outputs : dict of str to str
        The digest of each result that it read or wrote, by its path below the folder of results.
    others : list of str
        The digests of the user's files that it read.
    versions : dict of str to str
        Of Python and of the libraries that it loaded.
    """

    rule: str
    log: str
    code: str
    cfg: Mapping[str, Any] | None
    inputs: Mapping[str, str]
    others: Sequence[str]
    outputs: Mapping[str, str]
    versions: Mapping[str, str]


def results_folder(log_file: Path) -> Path | None:
    """The folder of results that a job's log lies in, `<results>/<study>/logs/...`, if any.

    A workflow that imports this one may have put it below a folder of its own.
    """
    return next(
        (folder.parents[1] for folder in log_file.parents if folder.name == "logs"),
        None,
    )


def receipt_path(results: Path, output: str) -> Path:
    """Where the receipt of an output lies.

    Parameters
    ----------
    results : Path
        The folder of results.
    output : str
        A path below it.
    """
    study, _, below = output.partition("/")
    return results / study / FOLDER / f"{below}.json"


def read_receipt(results: Path, output: str) -> Receipt | None:
    """The receipt of the job that wrote an output.

    None where there is none, it is damaged or of another version, or that job has not ended.
    """
    document = _read(receipt_path(results, output))
    if isinstance(document, Mapping) and "of" in document:
        document = _read(receipt_path(results, document["of"]))
    try:
        return Receipt(**document)
    except TypeError:  # of a job that has not ended, or of another version
        return None


def _read(path: Path) -> Any:
    """What a receipt's file says, None where it is not there or not as it was written."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        content = document["receipt"]
    except (OSError, ValueError, LookupError, TypeError):
        return None
    return content if document.get("digest") == digest(_text(content).encode()) else None


def _write(results: Path, output: str, content: Mapping[str, Any]) -> None:
    """Writes a receipt's file, with a digest of its own."""
    document = {"receipt": content, "digest": digest(_text(content).encode())}
    write_json(document, receipt_path(results, output))


def _text(content: Any) -> str:
    return json.dumps(content, allow_nan=False)


def same_settings(one: Any, other: Any) -> bool:
    """Whether two parts of a config are the same, the order of their keys included."""
    return _text(one) == _text(other)


@contextmanager
def receipt_of(task: Task) -> Iterator[None]:
    """Checks what a job reads, runs it, and leaves its receipt.

    Until its end the receipt says that it has begun. A job of the same outputs that begins
    meanwhile takes its place, and the older one can replace no file any more.

    Raises
    ------
    DamagedFile
        If a result is not as it was written.
    Superseded
        If another job has begun to make the same outputs.
    """
    results = results_folder(Path(task.log[0]))
    if results is None or not task.output:
        yield
        return
    started = time.perf_counter()
    outputs = [Path(path).relative_to(results).as_posix() for path in task.output]
    token = uuid4().hex
    for output in outputs[1:]:
        _write(results, output, {"of": outputs[0]})
    _write(results, outputs[0], {"rule": task.rule, "begun": token})
    inputs, others = _checked(task.input, results)
    spent = time.perf_counter() - started

    def still_ours() -> None:
        if (_read(receipt_path(results, outputs[0])) or {}).get("begun") != token:
            raise Superseded(
                f"{results / outputs[0]}: a job that began later makes it now; this one, whose "
                f"run had been stopped, leaves everything to it",
                done=read_receipt(results, outputs[0]) is not None,
            )

    with replaces_only_if(still_ours):
        yield
        still_ours()
    started = time.perf_counter()
    receipt = Receipt(
        task.rule,
        Path(task.log[0]).relative_to(results).as_posix(),
        task.params.code,
        task.params.get("cfg"),
        inputs,
        others,
        {output: digest(results / output) for output in outputs},
        _versions(),
    )
    _write(results, outputs[0], asdict(receipt))
    log.info("checked and recorded in %.3f s", spent + time.perf_counter() - started)


def _checked(paths: Sequence[str], results: Path) -> tuple[dict[str, str], list[str]]:
    """The digests of what a job reads, of results and of other files; compared with receipts."""
    inputs: dict[str, str] = {}
    others: list[str] = []
    for path in map(Path, paths):
        found = digest(path)
        if not path.is_relative_to(results):
            others.append(found)
            continue
        output = path.relative_to(results).as_posix()
        receipt = read_receipt(results, output)
        if receipt is not None and receipt.outputs.get(output, found) != found:
            if path.is_dir() and not leads_nowhere(path):
                raise InputError(
                    f"{path}: its files changed since {receipt.rule} made it; run again"
                )
            if not path.is_dir():
                raise DamagedFile(f"{path}: not as {receipt.rule} wrote it", path)
        inputs[output] = found
    return inputs, sorted(others)


def _versions() -> dict[str, str]:
    """The versions of Python and of the libraries that this process has loaded."""
    loaded = {name: sys.modules[name] for name in LIBRARIES if name in sys.modules}
    versions = {name: str(getattr(module, "__version__", "")) for name, module in loaded.items()}
    return {"python": sys.version.split()[0], **versions}
