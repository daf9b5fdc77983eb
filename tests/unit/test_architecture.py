"""The house stands: floors, no circles, one idea a module, packages that only contain."""

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

from cxr.core.paths import PACKAGE, ROOT

MOST_LINES = 320
MODULES = sorted(PACKAGE.rglob("*.py"))


def test_nothing_imports_upwards_or_in_circles():
    """The contracts are those of pyproject.toml. The linter silences all loggers of its process."""
    command = [Path(sys.executable).with_name("lint-imports"), "--no-cache"]
    environment = {**os.environ, "PYTHONPATH": str(PACKAGE.parent)}
    done = subprocess.run(
        command, check=False, cwd=ROOT, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout


def test_no_module_is_longer_than_one_idea():
    lengths = {path: len(path.read_text().splitlines()) for path in MODULES}
    long = {str(path.relative_to(PACKAGE)): n for path, n in lengths.items() if n > MOST_LINES}
    assert not long


def test_no_module_lies_outside_of_a_package():
    assert {path.name for path in PACKAGE.glob("*.py")} == {"__init__.py"}


@pytest.mark.parametrize(
    "path",
    [path for path in MODULES if path.name == "__init__.py"],
    ids=lambda path: path.parent.name,
)
def test_a_package_says_what_it_is_and_nothing_else(path):
    """A re-export would make the fingerprint of all users of a package depend on all of it."""
    tree = ast.parse(path.read_text())
    assert ast.get_docstring(tree)
    assert len(tree.body) == 1
