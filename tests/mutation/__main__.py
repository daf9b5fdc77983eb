"""Mutates the library and counts the mutants that its unit tests kill; see README.md here."""

import argparse
import ast
import json
import os
import random
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any

from tests.mutation.mutants import (
    Change,
    Mutant,
    by_hand,
    change,
    equivalents,
    modules,
    mutants_of,
    read,
)
from tests.mutation.trial import deadline, end, has_kernels, measure, prepare, run_tests, start

# The packages whose arithmetic makes results, and the share of mutants to kill.
TARGETS = {
    "evidence": 0.9,
    "statistics": 0.9,
    "cohort": 0.9,
    "clustering": 0.9,
    "training": 0.8,
    "evaluation": 0.8,
}


@dataclass(frozen=True)
class Trial:
    """A mutant and the tests that it has to survive."""

    mutant: Mutant
    change: Change
    tests: list[str]
    seconds: float


def main() -> int:
    """Runs the mutants; the exit code is 1 where too few are killed."""
    options = _options()
    prepare()
    results: list[dict[str, Any]] = []
    chosen = by_hand() if options.by_hand else None
    for package in options.packages:
        pairs = chosen if chosen is not None else list(_drawn(package, options))
        mine = [(m, c) for m, c in pairs if m.module.split("/")[0] == package]
        if mine:
            results += _run(package, mine, options)
    if options.out:
        options.out.write_text(json.dumps(results, indent=1))
    return _report(results, options)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description=__doc__)
    parser.add_argument("packages", nargs="*", default=list(TARGETS), help="packages, else all six")
    parser.add_argument("--sample", type=int, default=100, help="mutants a package (0: all)")
    parser.add_argument("--seed", type=int, default=0, help="of the sample")
    parser.add_argument("--module", help="mutants of one module alone, such as verdict")
    parser.add_argument("--skip", nargs="*", default=[], help="modules to leave out")
    parser.add_argument("--by-hand", action="store_true", help="the mutants of by_hand.toml")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="at a time")
    parser.add_argument("--test-limit", type=float, default=10, help="seconds of the slowest test")
    parser.add_argument("--budget", type=float, default=60, help="seconds of a mutant's tests")
    parser.add_argument("--out", type=Path, help="a JSON file for every mutant and what killed it")
    return parser.parse_args()


def _drawn(package: str, options: argparse.Namespace) -> Iterator[tuple[Mutant, Change]]:
    """A sample of a package's mutants without those that are equivalent, or all of them."""
    stems = {m: Path(m).stem for m in modules(package)}
    names = [m for m, s in stems.items() if options.module in (None, s) and s not in options.skip]
    population = [mutant for module in names for mutant in mutants_of(module)]
    random.Random(options.seed).shuffle(population)
    wanted = options.sample or len(population)
    for mutant in population:
        if wanted == 0:
            return
        changed = change(mutant)
        if changed is not None:
            wanted -= 1
            yield mutant, changed


def _run(
    package: str, pairs: Iterable[tuple[Mutant, Change]], options: argparse.Namespace
) -> list[dict[str, Any]]:
    """Runs mutants of one package, some at a time."""
    listed, results, trials = equivalents(), [], []
    for mutant, changed in pairs:
        reason = next((e.reason for e in listed if e.covers(mutant.module, changed)), None)
        if reason is not None and mutant.operator:
            results.append(_result(mutant, changed, "equivalent", reason))
            continue
        measured = _baseline(package, has_kernels(mutant.module), options.test_limit)
        tests, seconds = _tests(mutant, measured, options.budget)
        trials.append(Trial(mutant, changed, tests, seconds))
    results += _race(trials, options.jobs)
    return results


@cache
def _baseline(package: str, as_python: bool, limit: float) -> dict[str, Any]:
    measured = measure(package, as_python, limit)
    print(
        f"{package}{' as Python' if as_python else ''}: {len(measured['tests'])} tests, "
        f"{sum(t['seconds'] for t in measured['tests'].values()):.0f} s; without "
        f"{len(measured['left_out'])} slow ones or such as fail",
        flush=True,
    )
    return measured


def _tests(mutant: Mutant, measured: dict[str, Any], budget: float) -> tuple[list[str], float]:
    """The tests that run a mutant's function, those that run its line first, fast ones first.

    A place outside functions runs at import: every test of the package may see it.
    """
    place = _function(mutant)
    ranked = []
    for test, facts in measured["tests"].items():
        lines = facts["lines"].get(mutant.module, [])
        runs = bool(lines) if place is None else any(line in place for line in lines)
        if runs or place is None:
            ranked.append((not runs, mutant.line not in lines, facts["seconds"], test))
    tests, total = [], 0.0
    for *_, seconds, test in sorted(ranked):
        if total + seconds <= budget:
            total += seconds
            tests.append(test)
    return tests, total


def _function(mutant: Mutant) -> range | None:
    """The lines of the innermost function's body around a mutant, None outside of functions."""
    inner = None
    for node in ast.walk(ast.parse(read(mutant.module))):
        if isinstance(node, ast.FunctionDef):
            lines = range(node.body[0].lineno, (node.end_lineno or 0) + 1)
            if mutant.line in lines and (inner is None or len(lines) < len(inner)):
                inner = lines
    return inner


def _race(trials: list[Trial], jobs: int) -> list[dict[str, Any]]:
    """Runs trials, `jobs` at a time."""
    waiting, running, results = list(reversed(trials)), {}, []
    with tempfile.TemporaryDirectory() as folder:
        while waiting or running:
            while waiting and len(running) < jobs:
                trial = waiting.pop()
                if not trial.tests:
                    results.append(_told(trial, "survived", None))
                    continue
                path = Path(folder) / f"{len(waiting)}.json"
                mutated = (trial.mutant.module, trial.change.source)
                as_python = has_kernels(trial.mutant.module)
                run = partial(run_tests, trial.tests)
                child = start(run, path, as_python, mutated, trial.seconds)
                running[child] = (trial, path, deadline(trial.seconds))
            for child in list(running):
                trial, path, until = running[child]
                over = time.monotonic() > until
                if over:
                    end(child)
                if os.waitpid(child, 0 if over else os.WNOHANG)[0]:
                    end(child)
                    del running[child]
                    results.append(_outcome(trial, path, over))
            time.sleep(0.02)
    return results


def _outcome(trial: Trial, path: Path, over: bool) -> dict[str, Any]:
    by = "time" if over else "an end without a result, of time or memory"
    if path.exists() and not over:
        by = json.loads(path.read_text())["killed_by"]
    return _told(trial, "survived" if by is None else "killed", by)


def _told(trial: Trial, status: str, by: str | None) -> dict[str, Any]:
    """The result of a trial; a survivor is printed."""
    result = _result(trial.mutant, trial.change, status, by)
    if by is None:
        how = "survived" if trial.tests else "survived, no test runs it"
        print(f"{result['module']}:{result['line']}: {how}: {_changes(result)}", flush=True)
    return result


def _changes(result: dict[str, Any]) -> str:
    """What a mutant changes, on one line."""
    return f"{result['before']}  ->  {result['after']}"


def _result(mutant: Mutant, changed: Change, status: str, why: str | None) -> dict[str, Any]:
    return {
        "module": mutant.module,
        "line": mutant.line,
        "operator": mutant.operator,
        "before": changed.before,
        "after": changed.after,
        "status": status,
        "why": why,
    }


def _report(results: list[dict[str, Any]], options: argparse.Namespace) -> int:
    """Prints a table by package; 1 where a package is below its target."""
    from scipy.stats import binomtest

    below = 0
    print("\n| package | mutants | equivalent | killed | survived | share killed | 95% interval |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for package in options.packages:
        mine = [r["status"] for r in results if r["module"].split("/")[0] == package]
        killed, survived = mine.count("killed"), mine.count("survived")
        if not killed + survived:
            continue
        share = killed / (killed + survived)
        below += share < (1 if options.by_hand else TARGETS[package])
        interval = binomtest(killed, killed + survived).proportion_ci(method="wilson")
        spread = f"{interval.low:.1%} to {interval.high:.1%}" if options.sample else "all"
        print(
            f"| {package} | {len(mine)} | {mine.count('equivalent')} | {killed} | {survived} | "
            f"{share:.1%} | {spread} |"
        )
    return int(below > 0)


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    os._exit(code)  # what was frozen for the forks would be called leaked
