"""Symbolic links on the way to the workflow change nothing."""

import pytest

from tests.helpers.study import PARTS, ROOT, TINY, Workspace, workspace

CLEANED = ("--until", "clean_metadata")


@pytest.fixture
def linked(tmp_path):
    """A project folder in which every part of the workflow is a link to somewhere else."""
    place = Workspace(tmp_path / "project")
    place.path.mkdir()
    for part in PARTS:
        (place.path / part).symlink_to(ROOT / part)
    place.write_config(TINY)
    return place


def test_jobs_run_where_the_workflow_is_a_link(linked):
    linked.snakemake(*CLEANED)
    assert (linked.path / "results/tiny/metadata.parquet").is_file()
    # The same results for the same code where nothing is a link.
    for part in PARTS:
        (linked.path / part).unlink()
    copied = workspace(linked.path.parent / "copy")
    for part in PARTS:
        (copied.path / part).rename(linked.path / part)
    assert linked.planned(None, *CLEANED) == {}


def test_jobs_run_where_the_project_lies_behind_a_link(linked):
    away = Workspace(linked.path.parent / "away")
    away.path.mkdir()
    (away.path / "behind").symlink_to(linked.path)
    away.write_config(TINY)
    snakefile = "behind/workflow/Snakefile"
    away.snakemake(*CLEANED, "--snakefile", snakefile)
    assert (away.path / "results/tiny/metadata.parquet").is_file()
