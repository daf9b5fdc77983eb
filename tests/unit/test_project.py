"""The project's documents and settings agree with its files and with each other."""

import re
import tomllib

import pytest
import yaml

from cxr.core.paths import ROOT
from tests.helpers.documents import DOCUMENTS

# Files of the project by their suffix; those of results and of other people's data have others.
FILE = re.compile(
    r"(?<![\w/<>{}.*-])[\w.-]+(?:/[\w.-]+)*\.(?:py|smk|yaml|yml|md|toml|cff|lock)(?![\w/-])"
)
FOLDER = re.compile(
    r"(?<![\w/<>{}.*-])(?:\.ci|config|envs|profiles|rules|tests|workflow|cxr)/[\w./-]*"
)
OF_RESULTS = {"datasheet.md"}  # has a suffix of the project's, and is none of its files
LINK = re.compile(r"\]\((?!https?:)([^)#]*)(?:#([^)]*))?\)")


def project():
    return tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def exists(path, document):
    """Whether a path is one of the repository's, seen from the document or named from the root."""
    bases = (ROOT, (ROOT / document).parent, ROOT / "workflow" / "scripts")
    return any((base / path).exists() for base in bases)


def anchors(path):
    """The anchors of a document's headings, as forges make them."""
    headings = re.findall(r"^#+ (.+)$", path.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_path_that_a_document_names_exists(document):
    text = (ROOT / document).read_text()
    paths = {*FILE.findall(text)} - OF_RESULTS | {
        *(path.rstrip(".") for path in FOLDER.findall(text))
    }
    named = {path for path in paths if "/NAME." not in path}  # NAME is the reader's
    assert [path for path in sorted(named) if not exists(path, document)] == []


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_link_of_a_document_leads_somewhere(document):
    for path, anchor in LINK.findall((ROOT / document).read_text()):
        target = (ROOT / document).parent / path if path else ROOT / document
        assert target.exists(), path
        assert not anchor or anchor in anchors(target), f"{path}#{anchor}"


def test_the_version_is_the_same_everywhere():
    version = project()["version"]
    newest = re.search(r"^## \[(.+?)\]", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert newest[1] == version
    assert yaml.safe_load((ROOT / "CITATION.cff").read_text())["version"] == version


def test_the_citation_file_has_what_its_format_requires():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert citation["cff-version"] == "1.2.0"
    assert {"authors", "message", "title"} <= set(citation)
    assert citation["type"] == "software"
    assert citation["license"] == project()["license"]
    assert all("name" in author or "family-names" in author for author in citation["authors"])


def test_the_hooks_are_the_checks_of_make():
    makefile = (ROOT / "Makefile").read_text()
    checks = re.search(r"^check:.*\n((?:\t.*\n)+)", makefile, re.MULTILINE)[1]
    config = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())
    hooks = [hook for repository in config["repos"] for hook in repository["hooks"]]
    assert {repository["repo"] for repository in config["repos"]} == {"local"}
    for hook in hooks:
        command = hook["entry"].replace(".venv/bin/", "$(BIN)/").removeprefix("env ")
        assert command.removesuffix(" --force-exclude") in checks, hook["id"]


def test_the_ci_workflow_calls_the_projects_script_from_its_oldest_python_on():
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yml").read_text())
    job = workflow["jobs"]["ci"]
    assert job["steps"][-1]["run"] == ".ci/run"
    assert f">={job['strategy']['matrix']['python'][0]}" == project()["requires-python"]


def test_the_profiles_name_rules_of_the_workflow():
    files = (ROOT / "rules").glob("*.smk")
    rules = {
        name
        for file in files
        for name in re.findall(r"^ *(?:use rule \w+ as|rule) (\w+)", file.read_text(), re.MULTILINE)
    }
    slurm = (ROOT / "profiles" / "slurm" / "profile.yaml").read_text()
    arrays = re.search(r"^slurm-array-jobs: (.+)$", slurm, re.MULTILINE)[1].split(",")
    on_gpus, maps = (
        re.findall(r'"(\w+)"', re.search(rf"{name} = (\[.+\])", slurm)[1])
        for name in ("ON_GPUS", "MAPS")
    )
    grid_engine = yaml.safe_load((ROOT / "profiles" / "grid-engine" / "profile.yaml").read_text())
    assert {*arrays, *on_gpus, *maps} <= rules
    assert set(on_gpus) == set(grid_engine["set-resources"])
