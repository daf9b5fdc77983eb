"""Unit tests in a process of their own, of the library as it is or of one mutant.

The processes are forked from one that has imported the heavy libraries, which saves seconds each.
"""

import contextlib
import gc
import importlib
import importlib.machinery
import importlib.util
import json
import math
import os
import resource
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import coverage
import hypothesis
import pytest

from cxr.core.paths import PACKAGE, ROOT

HEAVY = """
numpy numba pandas pyarrow.parquet scipy.stats scipy.sparse.csgraph scipy.special PIL.Image
sklearn.cluster sklearn.metrics sklearn.model_selection sklearn.linear_model sklearn.covariance
sklearn.decomposition sklearn.manifold sklearn.datasets skimage hdbscan.validity openTSNE torch
torchvision matplotlib.pyplot seaborn pydantic dacite pydicom yaml filelock
"""
MEMORY = 8 << 30
# A mutant may use so many times the processor time of the tests without it, and some seconds;
# on a busy machine that may take longer.
SLOWER, GRACE, BUSY = 4, 15, 4
# Seconds of the slowest test of kernels that run as Python; those of many points take minutes.
PYTHON_LIMIT = 2
KERNELS = "cxr.core.numba_cache import"


def prepare() -> None:
    """Imports what most tests need, on one thread."""
    os.environ["OMP_NUM_THREADS"] = "1"
    os.chdir(ROOT)
    hypothesis.settings.register_profile(
        "mutation",
        derandomize=True,
        database=None,
        deadline=None,
        phases=[hypothesis.Phase.explicit, hypothesis.Phase.generate],
        suppress_health_check=list(hypothesis.HealthCheck),
    )
    hypothesis.settings.load_profile("mutation")
    for name in HEAVY.split():
        importlib.import_module(name)
    # The tests import the library again, mutated.
    for name in [name for name in sys.modules if name.split(".")[0] == "cxr"]:
        del sys.modules[name]
    # A collection would look at all that was imported, again in every process.
    gc.disable()
    gc.freeze()


def has_kernels(module: str) -> bool:
    """Whether numba compiles functions of a module; tests then run them as Python."""
    return KERNELS in (PACKAGE / module).read_text()


class _Mutated(importlib.machinery.SourceFileLoader):
    """Loads one module from a mutated text; also finds it."""

    def __init__(self, name: str, path: Path, source: str) -> None:
        super().__init__(name, str(path))
        self.source = source

    def find_spec(self, fullname: str, path: Any = None, target: Any = None) -> Any:
        if fullname == self.name:
            return importlib.util.spec_from_loader(fullname, self)
        return None

    def get_code(self, fullname: str) -> Any:
        return compile(self.source, self.path, "exec")


class _Recorder:
    """A plugin of pytest: which tests run, in which order, and what came of them."""

    def __init__(self, order: Sequence[str] | None, coverage_: Any = None) -> None:
        self.order = None if order is None else {test: i for i, test in enumerate(order)}
        self.coverage = coverage_
        self.context = ""
        self.failed: list[str] = []
        self.seconds: dict[str, float] = {}
        self.fixtures: dict[str, list[str]] = {}

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[Any]) -> None:
        if self.order is not None:
            items[:] = [item for item in items if item.nodeid in self.order]
            items.sort(key=lambda item: self.order[item.nodeid])
        self.fixtures = {item.nodeid: list(item.fixturenames) for item in items}

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: Any) -> Iterator[None]:
        self._switch(item.nodeid)
        before = sum(os.times()[:4])
        try:
            return (yield)
        finally:
            self.seconds[item.nodeid] = sum(os.times()[:4]) - before

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(self, fixturedef: Any) -> Iterator[None]:
        before = self.context
        if fixturedef.scope != "function":
            self._switch(f"fixture {fixturedef.argname}")
        try:
            return (yield)
        finally:
            self._switch(before)

    def _switch(self, context: str) -> None:
        """What runs from here on is this test's, or this fixture's that tests share."""
        self.context = context
        if self.coverage:
            self.coverage.switch_context(context)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item: Any, call: Any) -> Iterator[Any]:
        """A time limit may interrupt a frame without a line, which pytest can't describe."""
        try:
            return (yield)
        except TypeError:
            return pytest.TestReport(item.nodeid, item.location, {}, "failed", None, call.when)

    def pytest_runtest_logreport(self, report: Any) -> None:
        if report.failed:
            self.failed.append(report.nodeid)


def _pytest(files: Sequence[str], recorder: _Recorder, *options: str) -> int:
    """Runs pytest with what is fast: no rewritten asserts, no plugin that is not needed."""
    quiet = ["-q", "--no-header", "--assert=plain", "-o", "addopts="]
    for plugin in ("cacheprovider", "xdist", "unraisableexception", "threadexception"):
        quiet += ["-p", f"no:{plugin}"]
    with tempfile.TemporaryDirectory() as folder:
        base = f"--basetemp={folder}/tests"
        return int(pytest.main([*quiet, base, *options, *files], plugins=[recorder]))


def measure(package: str, as_python: bool, limit: float) -> dict[str, Any]:
    """Seconds of the processor and executed lines of each unit test of a package.

    Tests that fail or take longer than the limit are left out.
    """
    limit = min(limit, PYTHON_LIMIT) if as_python else limit

    def trial() -> dict[str, Any]:
        wall = 2 * limit if as_python else BUSY * limit
        measured = coverage.Coverage(data_file=None, include=[f"{PACKAGE / package}/*"])
        recorder = _Recorder(None, measured)
        measured.start()
        code = _pytest([f"tests/unit/{package}"], recorder, f"--timeout={wall}")
        if code not in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED):
            raise RuntimeError(f"tests/unit/{package}: pytest ended with {code}")
        measured.stop()
        data = measured.get_data()
        lines: dict[str, dict[str, list[int]]] = {}
        for path in data.measured_files():
            module = Path(path).relative_to(PACKAGE).as_posix()
            for line, contexts in data.contexts_by_lineno(path).items():
                for context in contexts:
                    lines.setdefault(context, {}).setdefault(module, []).append(line)
        tests = {}
        for test, seconds in recorder.seconds.items():
            if test in recorder.failed or seconds > limit:
                continue
            mine: dict[str, set[int]] = {}
            shared = [f"fixture {name}" for name in recorder.fixtures[test]]
            for context in (test, *shared):
                for module, executed in lines.get(context, {}).items():
                    mine.setdefault(module, set()).update(executed)
            covered = {module: sorted(executed) for module, executed in mine.items()}
            tests[test] = {"seconds": seconds, "lines": covered}
        return {"tests": tests, "left_out": sorted(set(recorder.seconds) - set(tests))}

    measured = _result_of(trial, as_python)
    # Each test has to pass in the order of a mutant's tests too.
    while True:
        order = sorted(measured["tests"], key=lambda test: measured["tests"][test]["seconds"])
        failed = _result_of(partial(run_tests, order), as_python)["killed_by"]
        if failed not in measured["tests"]:
            return measured
        del measured["tests"][failed]
        measured["left_out"].append(failed)


def _result_of(trial: Callable[[], dict[str, Any]], as_python: bool) -> dict[str, Any]:
    """The result of a trial of the library as it is."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "result.json"
        os.waitpid(start(trial, path, as_python, None), 0)
        return json.loads(path.read_text())


def start(
    trial: Callable[[], dict[str, Any]],
    path: Path,
    as_python: bool,
    mutated: tuple[str, str] | None,
    seconds: float = math.inf,
) -> int:
    """Forks a process that runs the trial and writes its result; the process's number.

    It ends when it has used the processor for longer than tests of so many seconds may.
    """
    child = os.fork()
    if child:
        return child
    code = 1
    try:
        os.setsid()
        gc.enable()
        resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))
        if seconds < math.inf:
            most = math.ceil(sum(os.times()[:2]) + allowed(seconds))
            resource.setrlimit(resource.RLIMIT_CPU, (most, most))
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, 1)
        os.dup2(null, 2)
        if as_python:
            import numba

            numba.config.DISABLE_JIT = True
        if mutated:
            module, source = mutated
            name = f"cxr.{module.removesuffix('.py').replace('/', '.')}"
            sys.meta_path.insert(0, _Mutated(name, PACKAGE / module, source))
        path.write_text(json.dumps(trial()))
        code = 0
    finally:
        os._exit(code)


def run_tests(order: Sequence[str]) -> dict[str, Any]:
    """Runs tests in this order until one fails."""
    recorder = _Recorder(order)
    files = list(dict.fromkeys(test.split("::")[0] for test in order))
    code = _pytest(files, recorder, "-x")
    passed = code in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED)
    return {"killed_by": None if passed else (recorder.failed or ["import"])[0]}


def end(child: int) -> None:
    """Ends a process and all that it started."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child, signal.SIGKILL)


def allowed(seconds: float) -> float:
    """Seconds of the processor that a mutant's tests have, which need so many without it."""
    return GRACE + SLOWER * seconds


def deadline(seconds: float) -> float:
    """When a process is ended that uses no processor, such as one that waits for ever."""
    return time.monotonic() + BUSY * allowed(seconds)
