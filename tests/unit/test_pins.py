"""The environments, the lock and the project name the same software."""

import re
import tomllib

import pytest
import yaml

from cxr.core.paths import ROOT

LOCK = (ROOT / "requirements.lock").read_text()


def locked():
    """Versions by normalised name; a name may have one for each range of Python."""
    versions = {}
    for name, version in re.findall(r"^([\w.-]+)==(\S+)", LOCK, re.MULTILINE):
        versions.setdefault(normal(name), set()).add(version)
    return versions


def normal(name):
    return re.sub(r"[-_.]+", "-", name).lower()


@pytest.mark.parametrize("env", sorted((ROOT / "envs").glob("*.yaml")), ids=lambda p: p.stem)
def test_the_conda_environments_have_the_locked_versions(env):
    dependencies = yaml.safe_load(env.read_text())["dependencies"]
    pins = next(part["pip"] for part in dependencies if isinstance(part, dict))
    assert pins
    for pin in pins:
        name, _, version = pin.partition("==")
        assert version in locked()[normal(name)], pin


def test_every_direct_dependency_is_locked():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    wanted = [*project["project"]["dependencies"], *project["dependency-groups"]["dev"]]
    assert {normal(re.match(r"[\w.-]+", spec)[0]) for spec in wanted} <= set(locked())


def test_every_pin_has_a_hash_and_nothing_says_where_it_is_from():
    entries = re.split(r"^(?=[\w.-]+==)", LOCK, flags=re.MULTILINE)[1:]
    assert len(entries) > 50
    assert all("--hash=sha256:" in entry for entry in entries)
    assert not re.search(r"://|^-", LOCK, re.MULTILINE)
