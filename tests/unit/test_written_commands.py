"""Commands of make and Python that the documents show exist, with the options that they show.

Those of Snakemake are planned by tests/workflow/test_commands.py.
"""

import re
import shlex
import subprocess
from importlib.util import find_spec

import pytest

from cxr.core.paths import ROOT
from tests.helpers.documents import DOCUMENTS

MAKEFILE = (ROOT / "Makefile").read_text()
# What a reader may set on the command line of make.
SETTINGS = set(re.findall(r"^([A-Z_]+) \?=", MAKEFILE, re.MULTILINE))
TARGETS = set(re.search(r"^\.PHONY: (.+)$", MAKEFILE, re.MULTILINE)[1].split())
RULES = {
    name
    for file in (ROOT / "rules").glob("*.smk")
    for name in re.findall(r"^ *rule (\w+):", file.read_text(), re.MULTILINE)
}


def commands(program):
    """Each command of a program in the documents, in a line of its own or among words."""
    found = {}
    for document in DOCUMENTS:
        text = (ROOT / document).read_text()
        blocks = re.findall(r"^```(?:sh)?\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
        lines = [line.partition("  #")[0] for block in blocks for line in block.splitlines()]
        for line in [*lines, *re.findall(r"`([^`\n]+)`", text)]:
            parts = (part.strip() for part in line.split("&&"))
            for part in parts:
                words = [word for word in part.split() if not re.match(r"PYTHONPATH=", word)]
                # Alone, a program is named, or opens a session.
                if len(words) > 1 and words[0].rpartition("/")[2] == program:
                    found.setdefault(" ".join(words), document)
    return [pytest.param(command, id=command) for command in sorted(found)]


@pytest.mark.parametrize("command", commands("make"))
def test_a_command_of_make_is_understood(command, tmp_path):
    (tmp_path / "venv" / "supply").mkdir(parents=True)
    for name in (".ready", ".encoders", ".docs", "supply/.ready"):
        (tmp_path / "venv" / name).touch()
    words = shlex.split(command)[1:]
    assert {word.partition("=")[0] for word in words if "=" in word} <= SETTINGS
    make = ["make", "--dry-run", f"VENV={tmp_path / 'venv'}", *words]
    done = subprocess.run(make, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert {word for word in words if "=" not in word} <= TARGETS


@pytest.mark.parametrize("command", commands("python"))
def test_a_command_of_python_names_a_file_or_module_and_options_of_its(command):
    words = shlex.split(command)[1:]
    if words[0] == "-m":
        module = find_spec(words[1])
        assert module, words[1]
        if not words[1].startswith("cxr."):
            return
        source = (ROOT / module.origin).read_text()
    else:
        source = (ROOT / words[0]).read_text()
    for word in words:
        if word.startswith("--"):
            assert f'"{word.partition("=")[0]}"' in source, word


@pytest.mark.parametrize("command", commands("snakemake"))
def test_a_target_of_snakemake_among_words_is_a_rule(command):
    targets = []
    for word in command.split()[1:]:
        if word.startswith("-") or not re.fullmatch("[a-z_]+", word):
            break
        targets.append(word)
    assert set(targets) <= RULES
