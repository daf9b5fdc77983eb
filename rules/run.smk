"""What comes before the first job of a run, and the plan that ends a dry run."""

import atexit

from cxr.core.io import require_writable
from cxr.planning.forecast import forecast, past_durations, planned_jobs
from cxr.planning.snapshot import save_snapshot


def begin_run():
    """Checks that results can be written, and leaves a snapshot for the run's jobs."""
    try:
        require_writable(Path("results"))
    except InputError as problem:
        sys.exit(f"error: {problem}")
    save_snapshot(STUDY, CODE)


def print_plan():
    """What a run would do; Snakemake has no hook for dry runs, so at the end of the process."""
    if not workflow.dryrun:
        return
    jobs = [
        (job.rule.name, job.threads, STAGES.n_maps(job.wildcards.get("chunk")))
        for job in workflow.dag.needrun_jobs(exclude_finished=False)
        if job.output
    ]
    order = [rule.name for rule in workflow.rules]
    planned = planned_jobs(order, jobs, STAGES.cells)
    seconds, foreign = past_durations(Path("results"), NAME)
    print(
        f"\n{forecast(NAME, planned, seconds, foreign, workflow.cores or 1)}",
        file=sys.stderr,
    )


onstart:
    begin_run()


onsuccess:
    for page in TARGETS["report"]:
        if Path(page).exists():
            print(f"\nThe report is in {page}", file=sys.stderr)


# Snakemake runs no hooks of an imported workflow; its plan is left out likewise.
if workflow.modifier.is_main_snakefile():
    atexit.register(print_plan)
