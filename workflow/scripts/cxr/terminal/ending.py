"""The last lines of a run: what was done, the answer, where it is; or what failed."""

import csv
import json
import shlex
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from cxr.terminal.words import count
from cxr.terminal.work import job_words

MOST = 5
UNKNOWN = "it was killed, or ended without a word"


def failure_lines(
    failed: Iterable[tuple[str, Mapping[str, str], Path]], command: Sequence[str]
) -> str:
    """What is said at the end of a run that failed.

    Parameters
    ----------
    failed : iterable of (str, mapping, Path)
        The rule of each failed job, its wildcards, and its log.
    command : sequence of str
        The words that the run was started with.
    """
    jobs = sorted((job_words(rule, wildcards), log) for rule, wildcards, log in failed)
    lines = []
    for words, log in jobs[:MOST]:
        lines += [f"{words} failed: {reason(log)}", f"    its log: {log}"]
    if len(jobs) > MOST:
        lines.append(f"{len(jobs) - MOST} more jobs failed")
    again = shlex.join([Path(command[0]).name, *command[1:]])
    then = "Then run again" if jobs else "Run again"
    return "\n".join([*lines, f"What was finished stays. {then}: {again}"])


def reason(log: Path) -> str:
    """The line that a job ended its log with."""
    try:
        with log.open(encoding="utf-8", errors="replace") as stream:
            last = next(iter([line for line in stream if line.strip()][-1:]), "")
    except OSError:
        return UNKNOWN
    return last.strip().removeprefix("error: ") if last.startswith("error: ") else UNKNOWN


def result_lines(made: Iterable[tuple[str, Mapping[str, str], Mapping[str, Path]]]) -> list[str]:
    """What a run was for, a line each: the verdict, the report, or what a command has made.

    Parameters
    ----------
    made : iterable of (str, mapping, mapping)
        The rule, the wildcards and the named outputs of each job that the run is for.
        Files that are not there or can't be read are passed over.
    """
    lines: list[str] = []
    verdicts: dict[str, str] = {}
    for rule, wildcards, output in made:
        try:
            if rule == "assess_evidence":
                verdicts[wildcards["model"]] = _verdict(output["evidence"])
            elif rule in _RESULTS:
                lines += _RESULTS[rule](output)
        except (OSError, ValueError, KeyError, csv.Error):
            continue
    if len(verdicts) == 1:
        return [f"Answer: {next(iter(verdicts.values()))}.", *lines]
    if verdicts:
        answers = "; ".join(f"{model}: {verdict}" for model, verdict in sorted(verdicts.items()))
        return [f"Answer by network: {answers}.", *lines]
    return lines


def _verdict(evidence: Path) -> str:
    return str(json.loads(evidence.read_text(encoding="utf-8"))["verdict"]["verdict"])


def _report(output: Mapping[str, Path]) -> list[str]:
    report = output["report"].resolve(strict=True)
    return [f"Report: {report.as_uri()}"]


def _predictions(output: Mapping[str, Path]) -> list[str]:
    classes = Counter(row["predicted"] for row in _rows(output["predictions"]))
    named = ", ".join(f"{n} {name}" for name, n in classes.most_common())
    unused = len(_rows(output["rejected"]))
    text = f"Predicted: {count(classes.total(), 'image')}{f' ({named})' if named else ''}"
    if unused:
        text += f"; {count(unused, 'file')} could not be used, listed in {output['rejected']}"
    summary = json.loads(output["summary"].read_text(encoding="utf-8"))
    where = f"Predictions: {output['predictions']}; Grad-CAM: {output['overlays']}"
    return [text, *summary["lines"], where]


def _neighbours(output: Mapping[str, Path]) -> list[str]:
    rows = _rows(output["neighbours"])
    if not rows:
        return [f"No similar image: {output['neighbours']}"]
    classes = Counter(row["class"] for row in rows if row["class"])
    named = ", ".join(f"{n} {name}" for name, n in classes.most_common())
    nearest = f"{rows[0]['neighbour_id']} ({rows[0]['class']})"
    text = f"The {count(len(rows), 'most similar image')}: {named}; the nearest is {nearest}"
    return [text, f"Table: {output['neighbours']}; pictures: {output['sheet']}"]


def _onnx(output: Mapping[str, Path]) -> list[str]:
    megabytes = output["onnx"].stat().st_size / 1e6
    return [f"ONNX file: {output['onnx']}, {megabytes:.1f} MB, checked against torch"]


def _app(output: Mapping[str, Path]) -> list[str]:
    page = output["app"].resolve(strict=True)
    return [f"Page: {page.as_uri()}, {page.stat().st_size / 1e6:.1f} MB, works offline"]


def _card(output: Mapping[str, Path]) -> list[str]:
    return [f"Model card: {output['readme']}"] if output["readme"].is_file() else []


def _datasheet(output: Mapping[str, Path]) -> list[str]:
    return [f"Datasheet: {output['datasheet']}"]


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


_RESULTS: dict[str, Callable[[Mapping[str, Path]], list[str]]] = {
    "write_report": _report,
    "predict": _predictions,
    "query_similar": _neighbours,
    "query_encoder": _neighbours,
    "export_onnx": _onnx,
    "make_app": _app,
    "write_card": _card,
    "write_datasheet": _datasheet,
}
