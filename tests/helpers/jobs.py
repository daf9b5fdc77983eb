"""Jobs without a workflow."""

from types import SimpleNamespace

# The start of a program that runs `with job(task):`; its arguments begin with the folder of the
# scripts and the log.
TASK = """
import sys
from types import SimpleNamespace
sys.path.insert(0, sys.argv[1])
from cxr.core.job import job
task = SimpleNamespace(rule="r", input=[], output=[], log=[sys.argv[2]], params={}, threads=1)
"""


class Params(dict):
    """The params of a job, by key and by attribute."""

    __getattr__ = dict.__getitem__


def task_of(rule, outputs, inputs=(), cfg=None, code="c0de", results="results"):
    """What a job of a rule is asked to do.

    `outputs` are paths below the folder of results, `inputs` are paths.
    """
    study = outputs[0].split("/")[0]
    return SimpleNamespace(
        rule=rule,
        input=list(inputs),
        output=[f"{results}/{output}" for output in outputs],
        log=[f"{results}/{study}/logs/{rule}.log"],
        params=Params(cfg=cfg, code=code),
        threads=1,
    )
