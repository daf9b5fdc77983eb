"""What the workflow catalogue shows is what the workflow has."""

import re

import yaml

from cxr.core.paths import ROOT


def test_the_flags_are_those_of_the_default_profile():
    usage = yaml.safe_load((ROOT / ".snakemake-workflow-catalog.yml").read_text())["usage"]
    profile = (ROOT / "profiles/default/profile.yaml").read_text()
    triggers = re.search(r"^rerun-triggers: \[(.+)\]$", profile, re.MULTILINE)[1].split(", ")
    assert usage["mandatory-flags"]["flags"].split() == ["--rerun-triggers", *triggers]
    assert usage["report"] is True
    assert (ROOT / "workflow" / "Snakefile").is_file()
