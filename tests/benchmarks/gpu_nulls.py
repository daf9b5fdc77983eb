"""Null searches on a GPU, and on all cores without it, for `gpu.py`."""

import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from multiprocessing import get_context

import numpy as np
import pandas as pd
from tests.benchmarks.gpu_maps import require
from tests.helpers.null_features import SIZES, draw, patients

from cxr.evidence.null_search import NullSettings, search_simulations
from cxr.evidence.sample import Sample, SampleSettings
from cxr.evidence.search import SearchGrid, SearchSettings
from cxr.evidence.thresholds import MinimumSize
from cxr.planning.chunks import SIMULATIONS

THREADS = 4  # of a search with its maps on the card, as in rules/evidence.smk
# The null models of the features and, of three controls, the primary one.
SUBJECTS = (
    *((0, null) for null in ("gaussian", "copula", "permutation")),
    *((control, "gaussian") for control in (1, 2, 3)),
)
SEARCH = SearchSettings(
    SearchGrid(
        perplexities=tuple(float(p) for p in range(1, 175)),
        eps=tuple(i / 10 for i in range(1, 20)),
        min_samples=tuple(range(5, 20)),
        min_clusters=3,
        max_clusters=8,
        max_perplexity_share=1 / 3,
        choose="balance",
    ),
    n_perplexities=30,
)
# Draws, subjects, perplexities and patients by how much is computed.
WORK = {
    "whole": (199, SUBJECTS, 30, SIZES),
    "quick": (40, SUBJECTS, 30, SIZES),
    "tiny": (1, SUBJECTS[:1], 2, SIZES[:30]),
}


def job(subject, null, first, last, device, threads, work):
    """The null simulations of one job of the study."""
    _, _, perplexities, sizes = WORK[work]
    features = draw("rectified", np.random.default_rng(subject), sizes)
    owners = patients(sizes)
    whole = Sample(np.array([f"i{i:03d}" for i in range(len(owners))]), features, owners)
    settings = NullSettings(
        subject=str(subject),
        null=null,
        first=first,
        last=last,
        seed=0,
        within=None,
        minimum=MinimumSize(10, 5),
        sample=SampleSettings(None, 500, 1),
        search=SearchSettings(replace(SEARCH.grid, device=device), perplexities),
    )
    return search_simulations(whole, settings, None, threads)


def in_processes(jobs, count):
    """The tables of jobs, so many at a time, and their seconds once all processes are warm."""
    if count == 1:
        start = time.perf_counter()
        tables = [job(*each) for each in jobs]
        return time.perf_counter() - start, pd.concat(tables, ignore_index=True)
    with ProcessPoolExecutor(count, mp_context=get_context("spawn")) as pool:
        subject, null, first, _, *rest = jobs[0]
        warm = [(subject, null, first, first, *rest)] * 2 * count
        list(pool.map(job, *zip(*warm, strict=True)))
        start = time.perf_counter()
        tables = list(pool.map(job, *zip(*jobs, strict=True)))
        return time.perf_counter() - start, pd.concat(tables, ignore_index=True)


def on_cores(work, cores):
    """Seconds and simulations without a card, in the jobs of the workflow, one on each core."""
    last, subjects, _, _ = WORK[work]
    jobs = [
        (*subject, first, min(first + SIMULATIONS - 1, last), "cpu", 1, work)
        for subject in subjects
        for first in range(1, last + 1, SIMULATIONS)
    ]
    job(*jobs[0][:2], 1, 1, "cpu", 1, work)  # compiles, for all processes
    seconds, tables = in_processes(jobs, 1 if work == "tiny" else cores)
    print(f"null searches on {cores} cores without the card: {seconds:.3g} s", flush=True)
    return seconds, tables


def rows(work, cores, slots, searched):
    """Rows of the table: the null searches, a job a subject as the workflow has them."""
    theirs, expected = searched
    last, subjects, perplexities, sizes = WORK[work]
    found = []
    for count in (1,) if work == "tiny" else (1, slots):
        alone = count == 1
        threads = cores if alone else THREADS
        jobs = [(*subject, 1, last, "gpu", threads, work) for subject in subjects]
        if alone and work != "tiny":  # a pool warms its processes itself
            job(*subjects[0], 1, 2, "gpu", threads, work)
        seconds, tables = in_processes(jobs[:1] if alone else jobs, count)
        # One job alone says what the others take, too.
        ours = seconds * len(subjects) if alone else seconds
        check(tables, expected, work)
        how = f"one after the other with {cores} cores (one run, scaled)"
        if not alone:
            how = f"{count} side by side with {THREADS} cores each"
        name = f"null searches, {len(subjects)} subjects x {last} draws x {perplexities} maps"
        name += f" of {sum(sizes)} points"
        peer = f"{cores} cores without: {theirs:.3g} s"
        found.append((name, f"{ours:.3g} s, {how}", peer, theirs / ours))
    return found


def check(tables, expected, work):
    """Whether simulations on the card find on average what those of the CPU find."""
    if work == "tiny":
        columns = ["subject", "null", "replicate", "sample"]
        same = tables[columns].equals(expected[columns])
        require(same, "simulations are those of the CPU, each once")
        return
    for key, some in tables.groupby(["subject", "null"]):
        other = expected[(expected["subject"] == key[0]) & (expected["null"] == key[1])]
        for name in ("consensus", "dbcv", "balance_score"):
            a, b = (table[name].replace([np.inf, -np.inf], np.nan) for table in (some, other))
            error = np.sqrt(a.var() / len(a) + b.var() / len(b))
            require(
                abs(a.mean() - b.mean()) <= 4 * error + 1e-12,
                f"{name} of {key}: mean {a.mean():.4f}, of the CPU {b.mean():.4f}, "
                f"standard error of the difference {error:.4f}",
            )
