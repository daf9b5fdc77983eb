"""What comes before the first job of a run, and the plan that ends a dry run."""

import atexit
import os
import time

import snakemake.workflow

from cxr.core.io import require_writable, set_aside
from cxr.core.paths import ENGINE_STATE
from cxr.planning.disk import disk_forecast, study_images
from cxr.planning.encoder_parts import require_packages
from cxr.planning.snapshot import save_snapshot
from cxr.planning.surroundings import require_places
from cxr.planning.verification import Results
from cxr.sources.preparation import prepare_secret
from cxr.terminal.durations import read_durations
from cxr.terminal.ending import failure_lines, result_lines
from cxr.terminal.plan import plan_text
from cxr.terminal.run_state import RunPlan
from cxr.terminal.words import count, passed
from cxr.terminal.work import PlannedJob, amount_of, kind_of

# A workflow that imports this one may put it all below a folder of its own.
RESULTS = Results(
    Path(str(rules.score.output.ranking).split("{study}")[0]),
    [NAME, "sources", "weights", "runtime"],
)
READERS = 4  # threads; the driver of a cluster is often on a shared machine
OURS = {r for r in set(workflow.rules) - FOREIGN if "code" in r.params.keys()}


def verified(persistence):
    """Snakemake's records of results, which also ask what the receipts of results say.

    Snakemake asks its records for the incomplete outputs of every job that it plans, before it
    compares times. There each job whose results are not those of today is marked to run.
    """

    class Verified(persistence):
        def __init__(self, *args, **kwargs):
            super().__init__(*args, **kwargs)
            if not self.dag.ignore_incomplete:
                read_results(writing=workflow.executor_plugin and not workflow.touch)

        async def incomplete(self, job):
            if job.rule in OURS and RESULTS.reason(
                job.output, job.input, job.params.get("cfg"), job.params.code
            ):
                self.dag.forcefiles.update(job.output)
            return await super().incomplete(job)

    return Verified


def read_results(writing):
    """Reads all results, sets damaged ones aside and, after a copy, sets their times right."""
    RESULTS.read(min(READERS, os.cpu_count() or 1))
    for path in RESULTS.damaged():
        done = "it is made again"
        if writing and not workflow.dryrun:
            done = f"it is set aside as {set_aside(path)} and made again"
        print(f"{path}: not as it was written; {done}", file=sys.stderr)
    if writing:
        RESULTS.restore_times()


# The jobs of a run ask their driver's records, and check what they read themselves.
if SNAPSHOT is None:
    for backend in ("FilePersistence", "DbPersistence"):
        setattr(
            snakemake.workflow, backend, verified(getattr(snakemake.workflow, backend))
        )


BEGAN = time.monotonic()
BEGUN = []  # the runs of this process


def check_places():
    """Checks that what a run will write can be written."""
    for job in workflow.dag.needrun_jobs(exclude_finished=False):
        require_places([*job.output, *job.log, *filter(None, [job.benchmark])])


def check_encoders():
    """Checks that jobs of encoders that will run have their packages, where no conda makes them."""
    wanted = {"download_encoder", "encode"} & {
        job.rule.name for job in workflow.dag.needrun_jobs(exclude_finished=False)
    }
    if wanted and not workflow.deployment_settings.deployment_method:
        require_packages(STUDY["encoders"])


def begin_run():
    """Checks that results can be written, and leaves a snapshot for the run's jobs."""
    BEGUN.append(NAME)
    try:
        check_places()
        check_encoders()
        prepare_secret(STUDY["sources"].values())
        save_snapshot(STUDY, CODE)
    except (InputError, OSError) as problem:
        stop(problem)
    for words in (RESULTS.summary(), disk_words(missing_alone=True)):
        if words:
            print(words, file=sys.stderr)
    describe_run()


def disk_words(missing_alone=False):
    """What the results need of the disk, in words; with `missing_alone` only if it lacks room."""
    try:
        forecast = disk_forecast(RESULTS.folder, STUDY, STAGES)
    except OSError:  # a forecast is no reason to stop
        return ""
    if forecast is None or (missing_alone and forecast.fits):
        return ""
    return forecast.words()


def explain_refusal():
    """Says what can't be written where Snakemake ended before the first job for it."""
    if BEGUN or STOPPED or workflow.dryrun or workflow.executor_plugin is None:
        return
    try:
        require_writable(ENGINE_STATE / "locks")
        check_places()
    except InputError as problem:
        print(f"error: {problem}", file=sys.stderr)


def planned_jobs():
    """The jobs that this run will start, by id."""
    running = {
        workflow.dag.jobid(job): job
        for job in workflow.dag.needrun_jobs(exclude_finished=False)
        if job.output
    }
    return {
        number: PlannedJob(
            job.rule.name,
            job.wildcards_dict,
            amount=amount_of(job.params.get("cfg")),
            kind=kind_of(job.params.get("cfg")),
            # On a cluster a job takes a turn of its own, whatever its threads.
            threads=job.threads if jobs_at_a_time() is None else 1,
            memory_mb=known_memory(job),
            maps=STAGES.n_maps(job.wildcards.get("chunk")),
            after=[
                other
                for before in workflow.dag.dependencies[job]
                if (other := workflow.dag.jobid(before)) in running
            ],
        )
        for number, job in running.items()
    }


def jobs_at_a_time():
    """The jobs that a cluster may have of this run at a time; None where it runs on the cores here."""
    return workflow.resource_settings.nodes


def known_memory(job):
    """The memory that a job requests, where its inputs are there to tell."""
    memory = job.resources.get("mem_mb")
    return memory if isinstance(memory, int) else None


def known_durations():
    """What jobs take, for as many images as the study has."""
    try:
        images = study_images(RESULTS.folder, STUDY, STAGES)
    except OSError:  # a forecast is no reason to stop
        images = None
    sample = STUDY["evidence"]["sample"] if STAGES.has_evidence else 500
    return read_durations(Path("results"), NAME, images, sample)


def describe_run():
    """Says to the display of the stages, where it is used, what will run."""
    displays = [
        handler
        for handler in workflow.logger_manager.get_log_handlers()
        if hasattr(handler, "describe")
    ]
    if not displays:
        return
    try:
        jobs, durations = planned_jobs(), known_durations()
    except Exception as problem:  # a run goes on whatever its display does
        print(f"the stages can't be shown: {problem}", file=sys.stderr)
        return
    seconds = {number: durations.seconds(job) for number, job in jobs.items()}
    known = {number: time for number, time in seconds.items() if time is not None}
    cores = workflow.cores if jobs_at_a_time() is None else None
    for handler in displays:
        handler.describe(RunPlan(NAME, jobs, known, cores))


def print_plan():
    """What a run would do; Snakemake has no hook for dry runs, so at the end of the process."""
    if not workflow.dryrun or STOPPED:
        return
    durations = known_durations()
    lanes = jobs_at_a_time() or workflow.cores or 1
    on_cluster = jobs_at_a_time() is not None
    plan = plan_text(
        NAME,
        planned_jobs(),
        durations,
        STAGES.cells,
        lanes,
        on_cluster,
        disk=disk_words(),
    )
    print(f"\n{plan}", file=sys.stderr)


FAILED = []  # the rule, wildcards and log of each failed job
ENDED = []  # how the run ended: "well" or "badly"


def print_end():
    """What was done and where it is, or what failed; Snakemake's own words come after its hooks."""
    if workflow.dryrun or workflow.touch or workflow.scheduler is None:
        return
    text = ""
    if ENDED:
        jobs = workflow.dag.needrun_jobs(exclude_finished=False)
        total = sum(bool(job.output) for job in jobs)
        done = min(workflow.scheduler.finished_jobs, total)  # it counts `all` too
        after = passed(time.monotonic() - BEGAN)
        if "badly" in ENDED:
            text = f"Stopped after {done:,} of {count(total, 'job')}, {after}\n"
        else:
            text = f"Done: {count(done, 'job')} in {after}\n"
    if "badly" in ENDED:
        text += failure_lines(FAILED, sys.argv)
    elif ENDED or not len(workflow.dag):
        text += "\n".join(result_lines(outputs_of_run()))
    if text:
        print(f"\n{text.rstrip()}", file=sys.stderr)


def outputs_of_run():
    """The rule, wildcards and named outputs of all jobs that the run is for."""
    for job in workflow.dag.jobs:
        files = {name: Path(str(file)) for name, file in job.output.items()}
        yield job.rule.name, job.wildcards_dict, files


onstart:
    begin_run()


onerror:
    ENDED.append("badly")
    for failed in workflow.scheduler.failed:
        FAILED.extend(
            (job.rule.name, job.wildcards_dict, Path(str(job.log[0])))
            for job in getattr(failed, "jobs", [failed])
            if job.log
        )


onsuccess:
    ENDED.append("well")


# Snakemake runs no hooks of an imported workflow; its plan is left out likewise.
if workflow.modifier.is_main_snakefile():
    atexit.register(print_plan)
    atexit.register(explain_refusal)
    atexit.register(print_end)
