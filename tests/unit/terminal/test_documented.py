"""The README shows what a run shows."""

import re

from cxr.core.paths import ROOT
from cxr.terminal.job_progress import JobProgress
from cxr.terminal.lines import opening_line, stage_line, status_line, table_lines
from cxr.terminal.run_state import RunView, StageState
from cxr.terminal.stages import STAGES
from cxr.terminal.work import PlannedJob

TRAIN = PlannedJob("train", {"study": "demo", "model": "conv5"})
SHOWN = re.findall(r"^```text\n(.*?)^```", (ROOT / "README.md").read_text(), re.M | re.S)
TOTALS = dict(zip(STAGES, (3, 3, 9, 4, 9, 16, 11), strict=True))


BEGUN = {"images": (3, 0, 0, 42), "cohort": (3, 0, 0, 21)}


def view(elapsed, left, job, **states):
    """The demo at a moment; of each stage begun the jobs done and the seconds."""
    stages = [
        StageState(name, total, *states.get(name.replace(" ", "_"), ()))
        for name, total in TOTALS.items()
    ]
    return RunView("demo", elapsed, left, True, stages, None, job)


def test_the_table_of_a_terminal():
    job = (TRAIN, JobProgress("epoch 26 of 40", 26 / 40), 50.0)
    others = {"features": (4, 0, 0, 12), "maps_and_clusters": (7, 0, 0, 20)}
    now = view(160, 170, [job], **BEGUN, **others, networks=(4, 1, 0, 95, 70))
    assert "\n".join(table_lines(now)) + "\n" == SHOWN[0]


def test_the_lines_of_a_pipe():
    job = (TRAIN, JobProgress("epoch 12 of 40", 12 / 40), 90.0)
    now = view(72, 220, [job], **BEGUN, networks=(2, 1, 0, 30, 115))
    first, second, third = SHOWN[1].splitlines()
    assert opening_line(view(0, 290, [])) == first
    assert stage_line(now.stages[0]) == second
    assert status_line(now) == third
