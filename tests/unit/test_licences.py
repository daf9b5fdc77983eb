"""What the tool needs to run may be used by a tool under the MIT licence."""

import re
import tomllib
from importlib.metadata import distribution

import pytest
from packaging.requirements import Requirement

from cxr.core.paths import ROOT
from tests.unit.test_pins import normal, pins

COPYLEFT = re.compile("GPL|General Public")
# Where a licence of that family is named, and why it does not bind the tool.
EXCEPTIONS = {
    "docutils": "in the public domain, and in parts under BSD licences; its part under the GPL, "
    "for Emacs, is not installed",
    "pycountry": "under the LGPL: imported as it is, and not shipped with the tool",
}
STATES_NONE = {"cuda-toolkit"}  # empty: it names NVIDIA's libraries, which torch asks for


@pytest.fixture(scope="module")
def needed():
    """The installed packages that the tool needs, directly or not, by normalised name."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    groups = project["dependency-groups"]
    lines = [
        *project["project"]["dependencies"],
        *(line for group in ("text", "maps", "encoders") for line in groups[group]),
    ]
    pending = [Requirement(line) for line in lines]
    found, seen = {}, set()
    while pending:
        requirement = pending.pop()
        extras = requirement.extras | {""}
        key = (normal(requirement.name), *sorted(extras))
        if key in seen:
            continue
        seen.add(key)
        found[key[0]] = distribution(requirement.name)
        for further in map(Requirement, found[key[0]].requires or []):
            if not further.marker or any(further.marker.evaluate({"extra": e}) for e in extras):
                pending.append(further)
    return found


def licence(package):
    """What a package says of its licence; in the first place the metadata, else a file."""
    metadata = package.metadata
    classifiers = [
        line
        for line in metadata.get_all("Classifier") or []
        if line.startswith("License ::") and not line.endswith(":: OSI Approved")
    ]
    # The field may hold the whole text, with those of all that the package bundles.
    field = (metadata["License"] or "").strip().partition("\n")[0]
    stated = [metadata["License-Expression"] or "", *classifiers, field]
    if not any(stated):
        files = [file for file in package.files or [] if "LICENSE" in file.name.upper()]
        stated = [file.read_text().strip().partition("\n")[0] for file in files]
    return "; ".join(filter(None, stated))


def test_no_needed_package_is_under_the_gpl(needed):
    found = {name: licence(package) for name, package in needed.items()}
    assert {name for name in found if COPYLEFT.search(found[name])} == set(EXCEPTIONS), found


def test_every_needed_package_states_its_licence(needed):
    assert {name for name, package in needed.items() if not licence(package)} <= STATES_NONE


@pytest.mark.parametrize("env", ["analysis", "encoders", "torch"])
def test_the_environments_hold_nothing_else(env, needed):
    assert set(pins(env)) <= set(needed)
