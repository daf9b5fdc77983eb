"""`make sbom` names what is installed, `make audit` never passes without having looked."""

import json
import os
import re
import subprocess
import sys
from importlib.metadata import distributions
from pathlib import Path
from site import getsitepackages

import pytest

from cxr.core.paths import ROOT
from tests.unit.test_pins import normal


@pytest.fixture
def recipe(tmp_path):
    """Runs a target of the Makefile with this environment as it is; what it says."""
    (tmp_path / "venv" / "supply").mkdir(parents=True)
    for part in ("bin", "lib", "pyvenv.cfg", "supply/bin", "supply/lib", "supply/pyvenv.cfg"):
        (tmp_path / "venv" / part).symlink_to(Path(sys.prefix) / part)
    for part in (".ready", "supply/.ready"):
        (tmp_path / "venv" / part).touch()

    def run(target, *arguments, **environment):
        make = ["make", "-C", str(ROOT), target, f"VENV={tmp_path / 'venv'}", *arguments]
        settings = os.environ | environment | {"XDG_CACHE_HOME": str(tmp_path)}
        return subprocess.run(make, env=settings, capture_output=True, text=True, check=False)

    return run


def test_the_list_of_software_has_every_package_with_its_version(recipe, tmp_path):
    done = recipe("sbom", f"SBOM={tmp_path / 'sbom.json'}", "SBOM_ARGS=--no-validate")
    assert done.returncode == 0, done.stderr
    bom = json.loads((tmp_path / "sbom.json").read_text())
    assert (bom["bomFormat"], bom["metadata"]["component"]["name"]) == ("CycloneDX", "cxr-clusters")
    listed = {(normal(part["name"]), part["version"]) for part in bom["components"]}
    # A test may have imported setuptools, which puts packages of its own on the path.
    installed = distributions(path=getsitepackages())
    assert listed == {(normal(each.name), each.version) for each in installed}
    (own,) = [part for part in bom["dependencies"] if part["ref"] == "root-component"]
    assert len(own["dependsOn"]) > 30
    assert not re.search(r'"(?:file:)?/', (tmp_path / "sbom.json").read_text())


def test_an_audit_without_a_network_fails_in_one_line(recipe):
    done = recipe("audit", https_proxy="http://127.0.0.1:9", http_proxy="http://127.0.0.1:9")
    assert done.returncode != 0
    first, *rest = done.stderr.splitlines()
    assert first.startswith("error: the service that knows vulnerabilities can't be reached")
    assert [line for line in rest if not line.startswith("make")] == []
