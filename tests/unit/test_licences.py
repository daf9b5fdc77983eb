"""What the locks install may be used by, and shipped with, a tool under the MIT licence."""

import re
import sys
import tomllib
from importlib.metadata import distribution, distributions
from pathlib import Path

import pytest
from license_expression import ExpressionError, get_spdx_licensing
from packaging.requirements import Requirement

from cxr.core.paths import ROOT
from tests.unit.test_pins import DOCS_LOCK, ENCODERS_LOCK, LOCK, SUPPLY_LOCK, locked, normal, pins

# Every licence that binds no other work: at most, a notice goes along, or changes of the package's
# own files stay under its licence (MPL).
PERMITTED = {
    "0BSD",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CC0-1.0",
    "CNRI-Python",
    "ISC",
    "MIT",
    "MIT-CMU",
    "MPL-2.0",
    "PSF-2.0",
    "Zlib",
}
NVIDIA = "NVIDIA's terms permit use, and shipping as a part of an application; torch asks for it"
# Packages whose licence is none of these, and why they may be here all the same.
EXCEPTIONS = {
    "cuda-toolkit": "states none: empty, it names NVIDIA's libraries, which torch asks for",
    "docutils": "in the public domain, and in parts under BSD licences; its part under the GPL, "
    "for Emacs, is not installed",
    "pycountry": "under the LGPL: imported as it is, and not shipped with the tool",
    "yattag": "under the LGPL: imported by cosmic-ray, which mutation tests run, and by no result",
    **dict.fromkeys(
        [
            *(f"nvidia-{name}" for name in ("cublas", "cuda-cccl", "cuda-cupti", "cuda-nvrtc")),
            *(f"nvidia-{name}" for name in ("cuda-runtime", "cudnn-cu13", "cufft", "cufile")),
            *(f"nvidia-{name}" for name in ("cusolver", "cusparse", "cusparselt-cu13")),
            *(f"nvidia-{name}" for name in ("nccl-cu13", "nvjitlink", "nvshmem-cu13", "nvtx")),
        ],
        NVIDIA,
    ),
}
# What classifiers and free words mean, as SPDX names it.
NAMES = {
    "2-clause BSD License": "BSD-2-Clause",
    "3-Clause BSD License": "BSD-3-Clause",
    "Apache 2.0 License": "Apache-2.0",
    "Apache License, Version 2.0": "Apache-2.0",
    "Apache Software License": "Apache-2.0",
    "BSD": "BSD-3-Clause",
    "BSD License": "BSD-3-Clause",  # the classifier of either
    "ISC License (ISCL)": "ISC",
    "MIT License": "MIT",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "Python Software Foundation License": "PSF-2.0",
}
NOTHING_SAID = ("License :: OSI Approved", "License :: DFSG approved")
MIT_TEXT = "Permission is hereby granted, free of charge, to any person obtaining a copy"
SPDX = get_spdx_licensing()


@pytest.fixture(scope="module")
def installed():
    """Every package that a lock has for this machine, by normalised name."""
    python = ".".join(map(str, sys.version_info[:2]))
    names = set().union(*(locked(python, lock) for lock in (LOCK, ENCODERS_LOCK, DOCS_LOCK)))
    place = Path(sys.prefix, "supply", "lib", f"python{python}", "site-packages")
    apart = {normal(each.name): each for each in distributions(path=[str(place)])}
    supply = {name: apart[name] for name in locked(python, SUPPLY_LOCK)}
    return supply | {name: distribution(name) for name in sorted(names)}


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


def stated(package):
    """The licences that a package states, all of which hold: its expression, else its classifiers.

    Older packages name it in a field of free words, or have a file alone.
    """
    metadata = package.metadata
    if metadata["License-Expression"]:
        return [metadata["License-Expression"]]
    classifiers = [
        line.rpartition(" :: ")[2]
        for line in metadata.get_all("Classifier") or []
        if line.startswith("License ::") and line not in NOTHING_SAID
    ]
    field = (metadata["License"] or "").strip().partition("\n")[0]
    if classifiers or (field and not field.startswith("Copyright")):
        return classifiers or [field]
    texts = [file.read_text() for file in package.files or [] if "LICENSE" in file.name.upper()]
    return ["MIT" for text in texts if MIT_TEXT in re.sub(r"\s+", " ", text)]


def permitted(expression):
    """Whether one of the licences to choose from is permitted, and all of those that add up."""

    def holds(part):
        if part.isliteral:
            return str(part) in PERMITTED
        return (any if isinstance(part, SPDX.OR) else all)(map(holds, part.args))

    try:
        return holds(SPDX.parse(NAMES.get(expression, expression)))
    except ExpressionError:
        return False  # words of the package's own


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("MIT", True),
        ("GPL-3.0-only", False),
        ("MIT AND GPL-3.0-only", False),
        ("MIT OR GPL-3.0-only", True),
        ("Apache-2.0 WITH LLVM-exception", True),
        ("GPL-2.0-only WITH Classpath-exception-2.0", False),
        ("BSD License", True),
        ("UNKNOWN", False),
        ("LicenseRef-NVIDIA-Proprietary", False),
    ],
)
def test_a_licence_is_read_with_its_alternatives(expression, expected):
    assert permitted(expression) == expected


def test_no_lock_has_a_package_that_may_not_go_with_the_tool(installed):
    found = {name: stated(package) for name, package in installed.items()}
    refused = {name for name, lines in found.items() if not lines or not all(map(permitted, lines))}
    assert refused == set(EXCEPTIONS), {name: found[name] for name in refused ^ set(EXCEPTIONS)}


@pytest.mark.parametrize("env", ["analysis", "encoders", "torch"])
def test_the_environments_hold_nothing_else(env, needed):
    assert set(pins(env)) <= set(needed)
