"""The plan that ends a dry run."""

import atexit

from cxr.planning.forecast import forecast, past_durations, planned_jobs


def print_plan():
    """What a run would do; a dry run has no hook of its own, so when the process ends."""
    if not workflow.dryrun:
        return
    jobs = [
        (job.rule.name, job.threads, maps_of(job.wildcards.get("chunk")))
        for job in workflow.dag.needrun_jobs(exclude_finished=False)
        if job.rule.name != "all"
    ]
    planned = planned_jobs(
        [rule.name for rule in workflow.rules], jobs, STUDY["clustering"]
    )
    seconds, foreign = past_durations(Path("results"), NAME)
    print(
        f"\n{forecast(NAME, planned, seconds, foreign, workflow.cores or 1)}",
        file=sys.stderr,
    )


atexit.register(print_plan)
