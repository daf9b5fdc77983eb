"""The Containerfile copies what the workflow needs, installs the lock, and is no root's."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path, PurePosixPath

import pytest

from cxr.core.paths import ROOT

HOME = PurePosixPath("/opt/cxr-clusters")
CACHES = shutil.ignore_patterns("__pycache__", ".snakemake")


def instructions():
    """Each instruction with its words, by stage."""
    text = (ROOT / "Containerfile").read_text()
    lines = re.sub(r"\\\n", " ", re.sub(r"^#.*\n", "", text, flags=re.MULTILINE)).splitlines()
    stages = []
    for line in filter(None, lines):
        name, _, words = line.partition(" ")
        if name == "FROM":
            stages.append([])
        stages[-1].append((name, words.strip()))
    return stages


BUILD, IMAGE = instructions()


def of(stage, wanted):
    return [words for name, words in stage if name == wanted]


def copied():
    """Each file or folder of the project that the image has, with its place in it."""
    for words in of(IMAGE, "COPY"):
        options, paths = [], []
        for word in shlex.split(words):
            (options if word.startswith("--") else paths).append(word)
        if not any(option.startswith("--from") for option in options):
            *sources, target = paths
            for source in sources:
                yield source, PurePosixPath(target) / (source if target.endswith("/") else "")


@pytest.fixture
def home(tmp_path):
    """The image's folder of the workflow, as the builder would fill it."""
    for source, target in copied():
        place = tmp_path / target.relative_to("/")
        place.parent.mkdir(parents=True, exist_ok=True)
        if (ROOT / source).is_dir():
            shutil.copytree(ROOT / source, place, ignore=CACHES)
        else:
            shutil.copy(ROOT / source, place)
    return tmp_path / HOME.relative_to("/")


def test_both_stages_have_the_same_pinned_base_and_name_no_host():
    bases = {words.split()[0] for stage in (BUILD, IMAGE) for words in of(stage, "FROM")}
    (base,) = bases
    assert re.fullmatch(r"python:3\.\d+-slim-[a-z]+", base)


def test_the_environment_is_the_locks_by_its_hashes():
    assert of(BUILD, "COPY") == ["requirements.lock /build/"]
    (script,) = of(BUILD, "RUN")
    makefile = (ROOT / "Makefile").read_text()
    assert "--require-hashes -r requirements.lock" in makefile
    assert "--require-hashes -r /build/requirements.lock" in script
    commands = [part.strip() for part in script.split("&&")]
    done = subprocess.run(["sh", "-n", "-c", script], capture_output=True, check=False)
    assert done.returncode == 0
    assert commands[0] == "python -m venv /opt/venv"
    assert "--from=environment /opt/venv /opt/venv" in of(IMAGE, "COPY")


def test_it_is_entered_by_a_user_who_owns_what_is_written():
    assert [name for name, _ in IMAGE][-4:] == ["USER", "WORKDIR", "ENTRYPOINT", "CMD"]
    (user,) = of(IMAGE, "USER")
    scripts = " ".join(of(IMAGE, "RUN"))
    assert user != "root"
    assert re.search(rf"useradd .*\b{user}\b", scripts)
    assert re.search(rf"install --directory --owner {user} .*{HOME}/results", scripts)
    assert of(IMAGE, "WORKDIR") == [str(HOME)]


def test_the_builder_is_handed_what_is_copied_and_nothing_else():
    lines = [line for line in (ROOT / ".containerignore").read_text().splitlines() if line]
    assert lines[1] == "*"
    handed = {line[1:] for line in lines if line.startswith("!")}
    assert handed == {source for source, _ in copied()} | {"requirements.lock"}
    assert all((ROOT / name).exists() for name in handed)


def test_the_entry_command_plans_the_default_study_from_what_is_copied_alone(home):
    entry, words = (json.loads(of(IMAGE, name)[0]) for name in ("ENTRYPOINT", "CMD"))
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    done = subprocess.run(
        [*entry, *words, "--dry-run"],
        cwd=home,
        env=os.environ | {"PATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert re.search(r"\d+ jobs, about", done.stderr)
