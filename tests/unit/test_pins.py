"""The environments, the lock and the project name the same software."""

import ast
import re
import sys
import tomllib
from functools import cache
from importlib.metadata import packages_distributions

import pytest
import yaml
from packaging.markers import Marker

from cxr.core.paths import PACKAGE, ROOT, SCRIPTS

LOCK = (ROOT / "requirements.lock").read_text()
ENCODERS_LOCK = (ROOT / "requirements-encoders.lock").read_text()
DOCS_LOCK = (ROOT / "requirements-docs.lock").read_text()
SUPPLY_LOCK = (ROOT / "requirements-supply.lock").read_text()
# Where torch computes maps, their rules have the environment with torch.
MAPS_BY_TORCH = {"card.py", "gpu.py", "infotsne.py", "tsne_gpu.py", "tsne_kernels.py"}


def locked(python="3.11", lock=LOCK):
    """Versions by normalised name, for one version of Python on Linux."""
    machine = {
        "python_full_version": f"{python}.0",
        "python_version": python,
        "sys_platform": "linux",
    }
    entries = re.findall(r"^([\w.-]+)==(\S+)(?: ; (.+?))? \\$", lock, re.MULTILINE)
    return {
        normal(name): version
        for name, version, marker in entries
        if not marker or Marker(marker).evaluate(machine)
    }


def normal(name):
    return re.sub(r"[-_.]+", "-", name).lower()


def dependencies(env):
    """What a conda environment is made of."""
    return yaml.safe_load((ROOT / "envs" / f"{env}.yaml").read_text())["dependencies"]


def pins(env):
    """The pinned packages of a conda environment: version by normalised name."""
    lines = next(part["pip"] for part in dependencies(env) if isinstance(part, dict))
    return {normal(name): version for name, _, version in (pin.partition("==") for pin in lines)}


def environments():
    """The conda environments of each script: several where a setting or another rule decides."""
    rule = re.compile(
        r"rule (\w+):\n(?:.*\n)*?\s+conda:\n(.*)\n(?:.*\n)*?\s+script:\n.*/(\w+\.py)\""
    )
    like = re.compile(r"use rule (\w+) as \w+ with:\n(?:.*\n)*?\s+conda:\n(.*)\n")
    found = {}
    for file in sorted((ROOT / "rules").glob("*.smk")):
        text = file.read_text()
        others = dict(like.findall(text))
        for name, conda, script in rule.findall(text):
            found[script] = re.findall(r"envs/(\w+)\.yaml", conda + others.get(name, ""))
    return found


@cache
def imported_names(path):
    """The dotted names that a file imports when it runs, inside functions too."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for_types = {
        node
        for block in ast.walk(tree)
        if isinstance(block, ast.If) and ast.unparse(block.test) == "TYPE_CHECKING"
        for node in ast.walk(block)
    }
    names = set()
    for node in set(ast.walk(tree)) - for_types:
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            names.update([node.module, *(f"{node.module}.{alias.name}" for alias in node.names)])
    return names


def third_party(script):
    """The packages that a script and the modules of ours that it reaches import, by module."""
    pending, modules = [SCRIPTS / script], {}
    while pending:
        path = pending.pop()
        if path in modules:
            continue
        names = imported_names(path)
        own = {name for name in names if name.split(".")[0] == PACKAGE.name}
        files = {SCRIPTS.joinpath(*name.split(".")).with_suffix(".py") for name in own}
        pending += [file for file in files if file.is_file()]
        modules[path] = {name.split(".")[0] for name in names - own} - sys.stdlib_module_names
    return modules


@pytest.fixture(scope="module")
def distributions():
    """The packages that an import name may be of."""
    return packages_distributions()


@pytest.mark.parametrize(
    ("env", "lock"), [("analysis", LOCK), ("torch", LOCK), ("encoders", ENCODERS_LOCK)]
)
def test_the_conda_environments_have_the_locked_versions(env, lock):
    python = next(part for part in dependencies(env) if str(part).startswith("python="))
    versions = locked(python.removeprefix("python="), lock)
    assert pins(env) == {name: versions[name] for name in pins(env)}


@pytest.mark.parametrize("script", sorted(path.name for path in SCRIPTS.glob("*.py")))
def test_an_environment_has_what_the_scripts_of_its_rules_import(script, distributions):
    envs = environments()[script]
    assert envs
    pinned = set().union(*map(pins, envs))
    for path, names in third_party(script).items():
        if path.name in MAPS_BY_TORCH:
            continue
        for name in names:
            assert pinned & set(map(normal, distributions[name])), f"{path.name} imports {name}"


def test_every_direct_dependency_is_locked():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    groups = project["dependency-groups"]
    dev = [line for line in groups["dev"] if isinstance(line, str)]
    wanted = [*project["project"]["dependencies"], *dev, *groups["text"], *groups["maps"]]
    assert {normal(re.match(r"[\w.-]+", spec)[0]) for spec in wanted} <= set(locked())


@pytest.mark.parametrize(("group", "lock"), [("encoders", ENCODERS_LOCK), ("docs", DOCS_LOCK)])
def test_a_group_of_its_own_only_adds_packages_to_the_base(group, lock):
    groups = tomllib.loads((ROOT / "pyproject.toml").read_text())["dependency-groups"]
    wanted = {normal(re.match(r"[\w.-]+", spec)[0]) for spec in groups[group]}
    for python in ("3.11", "3.12", "3.13"):
        base, added = locked(python), locked(python, lock)
        assert wanted <= set(added)
        shared = base.keys() & added.keys()
        assert {name: base[name] for name in shared} == {name: added[name] for name in shared}
    assert not {"timm", "transformers", "sphinx"} & set(locked())


def test_nothing_slows_snakemakes_imports():
    """Snakemake imports jsonschema, and that, if it is there, a parser that takes seconds."""
    assert "rfc3987-syntax" not in locked()
    assert "rfc3987-syntax" in locked(lock=SUPPLY_LOCK)
    groups = tomllib.loads((ROOT / "pyproject.toml").read_text())["dependency-groups"]
    wanted = {normal(re.match(r"[\w.-]+", spec)[0]) for spec in groups["supply"]}
    assert wanted <= set(locked(lock=SUPPLY_LOCK))


@pytest.mark.parametrize("lock", [LOCK, ENCODERS_LOCK, DOCS_LOCK, SUPPLY_LOCK])
def test_every_pin_has_a_hash_and_nothing_says_where_it_is_from(lock):
    entries = re.split(r"^(?=[\w.-]+==)", lock, flags=re.MULTILINE)[1:]
    assert len(entries) > 40
    assert all("--hash=sha256:" in entry for entry in entries)
    assert not re.search(r"://|^-", lock, re.MULTILINE)
