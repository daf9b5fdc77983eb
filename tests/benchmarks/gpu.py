"""How fast maps, null searches and training are on a GPU, beside the CPU and other libraries.

    python tests/benchmarks/gpu.py maps nulls training
    python tests/benchmarks/gpu.py tiles
    python tests/benchmarks/gpu.py maps --quick

Each section first checks that the card's results are right, and stops where they are not; then
prints a Markdown table of medians. `maps`: exact t-SNE, from the nearest neighbours to maps and
divergences, beside one core of the CPU (some of the maps, scaled), and beside TorchDR and cuML
where they are installed. `tiles`: an iteration by the shape of the kernel's programs. `nulls`: the
null searches of the study of April 2020, on synthetic features of its size (175 images, 30
perplexities, 285 cells), on the card with all cores, and on all cores without it. `training` is in
`gpu_training.py`. The first run compiles the kernels, outside of what is timed. Needs a CUDA GPU,
and what the library itself needs.
"""

import argparse
import os
import statistics
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path

for name in ("OMP", "OPENBLAS", "MKL"):
    os.environ.setdefault(f"{name}_NUM_THREADS", "1")

import numpy as np  # noqa: E402

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "workflow" / "scripts")]

from tests.helpers.null_features import draw, patients  # noqa: E402

from cxr.embedding.knn import find_neighbours, pairwise_affinities, starting_points  # noqa: E402
from cxr.embedding.tsne import TsneSettings, embed  # noqa: E402
from cxr.evidence.null_search import NullSettings, search_simulations  # noqa: E402
from cxr.evidence.sample import Sample, SampleSettings  # noqa: E402
from cxr.evidence.search import SearchGrid, SearchSettings  # noqa: E402
from cxr.evidence.thresholds import MinimumSize  # noqa: E402
from cxr.planning.chunks import SIMULATIONS  # noqa: E402

EXACT = TsneSettings(gradient="exact")
REPLICATES = 199
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


def main():
    """Runs the sections that were asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("sections", nargs="+", choices=("maps", "tiles", "nulls", "training"))
    parser.add_argument("--quick", action="store_true", help="less work, for a first look")
    parser.add_argument("--cores", type=int, default=os.cpu_count())
    options = parser.parse_args()
    searched = None
    if "nulls" in options.sections:  # before anything runs on the card
        searched = nulls_on_cpu(options)
    from cxr.embedding.gpu import probe

    card = probe()
    if isinstance(card, str):
        sys.exit(f"error: no usable GPU: {card}")
    rows = []
    if "maps" in options.sections:
        check_maps(card)
        rows += maps(card, options.quick)
    if "tiles" in options.sections:
        tiles(card)
    if searched is not None:
        rows += nulls_on_card(options, searched)
    if "training" in options.sections:
        from tests.benchmarks.gpu_training import training_rows

        rows += [
            (work, f"{ours:.0f} {unit}", f"{peer:.0f} {unit}", ours / peer)
            for work, ours, peer, unit in training_rows(options.quick)
        ]
    if not rows:
        return
    print("\n| card | work | ours | peer | times as fast |\n| --- | --- | --- | --- | --- |")
    for work, ours, peer, ratio in rows:
        times = f"{ratio:.1f}" if ratio else ""
        print(f"| {card.name} | {work} | {ours} | {peer} | {times} |")


def features_of(n, number=0):
    """Rectified features of n patients."""
    return draw("rectified", np.random.default_rng(number), (1,) * n)


def neighbours_of(n, number=0, perplexity=100.0):
    """The neighbours of n rectified features."""
    features = features_of(n, number)
    return find_neighbours(np.zeros(n, np.str_), features, perplexity, os.cpu_count())


def timed(function, repeats):
    """The median of some runs, seconds, after one that is not counted, and the last result."""
    import torch

    seconds = []
    for _ in range(repeats + 1):
        torch.cuda.synchronize()
        start = time.perf_counter()
        result = function()
        torch.cuda.synchronize()
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds[1:]), result


def require(truth, fact):
    """Says what was checked; ends where it is not true."""
    print(f"{'right' if truth else 'WRONG'}: {fact}", flush=True)
    if not truth:
        sys.exit(1)


def check_maps(card):
    """The card's affinities, first iterations, divergences and bytes beside the CPU's."""
    from cxr.embedding import tsne_batches, tsne_gpu
    from cxr.embedding.tsne_exact import divergence, optimise

    requests = [
        tsne_batches.MapRequest(
            neighbours_of(174), [(p, 0) for p in (1.0, 5.0, 30.0, 58.0, 100.0)]
        ),
        tsne_batches.MapRequest(neighbours_of(61, 1), [(7.5, 0), (7.5, 1), (60.0, 0)], "random"),
        tsne_batches.MapRequest(neighbours_of(1000, 2), [(30.0, 0)]),
        tsne_batches.MapRequest(neighbours_of(3), [(1.0, 0), (2.0, 0)]),
    ]
    (batch,) = tsne_batches.batches(requests, card.free_bytes())
    joints = tsne_gpu.joint_affinities(batch, card)
    errors = []
    for (points, perplexity), joint in zip(batch.affinities, joints.cpu().numpy(), strict=True):
        expected = pairwise_affinities(points, perplexity)
        errors.append(np.abs(joint[: points.n, : points.n] - expected).max() / expected.max())
    require(max(errors) < 1e-6, f"affinities differ by {max(errors):.1e} of the largest")
    for iterations, allowed in ((6, 1e-3), (50, np.inf)):
        moving = tsne_gpu.MovingMaps(joints, batch, card)
        moving.moving.fill_(1)
        moving.advance(iterations)
        errors = []
        for (number, seed, start), found in zip(
            batch.maps, moving.places[0].cpu().double().numpy(), strict=True
        ):
            points, perplexity = batch.affinities[number]
            joint, first = (
                pairwise_affinities(points, perplexity),
                starting_points(points, seed, start),
            )
            expected, _ = optimise(joint, first, np.array([(iterations, 12.0, 0.8)]))
            xy = found[:, : points.n].T
            errors.append(np.abs(xy - xy.mean(axis=0) - expected).max() / np.abs(expected).max())
        median, worst = np.median(errors), max(errors)
        require(
            worst < allowed,
            f"after {iterations} iterations points differ by {median:.1e} (median of the maps), "
            f"{worst:.1e} (worst) of the map",
        )
    points = neighbours_of(174)
    runs = [(float(p), seed) for p in range(2, 59, 4) for seed in range(4)]
    request = tsne_batches.MapRequest(points, runs)
    ((*found,),) = tsne_gpu.compute_maps([request], card)
    again = [
        one
        for run in runs
        for ((one,),) in [tsne_gpu.compute_maps([replace(request, runs=[run])], card)]
    ]
    same = all(np.array_equal(a[0], b[0]) for a, b in zip(found, again, strict=True))
    require(same, f"{len(runs)} maps have the same bytes in one batch and one by one")
    theirs = np.array([embed(points, *run, EXACT, 1)[1] for run in runs])
    ours = np.array([kl for _, kl in found])
    require(
        abs(ours.mean() / theirs.mean() - 1) < 0.01,
        f"mean divergence {ours.mean():.4f}, of the CPU {theirs.mean():.4f}; standard deviation "
        f"of the differences {np.std(ours - theirs):.4f}",
    )
    (perplexity, _), (xy, kl) = runs[0], found[0]
    exact = divergence(pairwise_affinities(points, perplexity), xy[:, 0].copy(), xy[:, 1].copy())
    require(abs(kl - exact) < 1e-5, f"a divergence differs by {abs(kl - exact):.1e}")


def maps(card, quick):
    """Rows of the table: exact maps of several sizes."""
    rows = []
    seeds = 10 if quick else 100
    small = [float(p) for p in range(1, 59)]
    shared = [(neighbours_of(174), [(p, seed) for p in small for seed in range(seeds)])]
    own = [(neighbours_of(174, number), [(p, 0) for p in small]) for number in range(seeds)]
    work = [
        ("174 points, of the same features", shared, small[::4], 3),
        ("174 points, each set with features of its own", own, small[::4], 3),
        ("1,000 points", [(neighbours_of(1000), product_of(20, seeds // 10))], [30.0] * 2, 3),
        ("5,000 points", [(neighbours_of(5000), product_of(4, 1 if quick else 5))], [30.0], 1),
    ]
    if not quick:
        work.append(("20,000 points", [(neighbours_of(20_000), [(30.0, 0)])], [], 1))
    for name, requests, sample, repeats in work:
        rows += map_rows(card, name, requests, sample, repeats)
    return rows


def product_of(perplexities, seeds):
    """Runs of so many perplexities, from 5 on, with so many seeds."""
    return [(5.0 * (i + 1), seed) for i in range(perplexities) for seed in range(seeds)]


def map_rows(card, name, requests, sample, repeats):
    """The rows of one size: beside one core of the CPU, and beside libraries for the GPU."""
    from cxr.embedding import tsne_batches, tsne_gpu

    asked = [tsne_batches.MapRequest(*each) for each in requests]
    count = sum(len(each.runs) for each in asked)
    seconds, _ = timed(lambda: list(tsne_gpu.compute_maps(asked, card)), repeats)
    describe(card, name, asked)
    work, ours = f"t-SNE, {count:,} maps of {name}", f"{seconds:.3g} s"
    points, rows = asked[0].neighbours, []
    if sample:
        start = time.perf_counter()
        for perplexity in sample:
            embed(points, perplexity, 1, EXACT, 1)
        alone = (time.perf_counter() - start) / len(sample) * count
        rows.append((work, ours, f"one core of the CPU: {alone:.3g} s", alone / seconds))
    for peer, function in PEERS.items():
        try:
            once, _ = timed(lambda function=function: function(points.n), 1)
        except ImportError:
            continue
        text = f"{peer}, one map {once:.3g} s, scaled: {once * count:.3g} s"
        rows.append((work, ours, text, once * count / seconds))
    return rows or [(work, ours, "not run at this size", None)]


def describe(card, name, requests):
    """How long the parts of a first batch take."""
    from cxr.embedding import tsne_batches, tsne_gpu

    batch = next(tsne_batches.batches(requests, card.free_bytes()))
    affinities, joints = timed(lambda: tsne_gpu.joint_affinities(batch, card), 1)
    turns = []

    def settle():
        moving = tsne_gpu.MovingMaps(joints, batch, card)
        turns.append(0)
        check = moving.check

        def counted():
            turns[-1] += 1
            check()

        moving.check = counted
        moving.settle()

    iterations, _ = timed(settle, 1)
    print(
        f"{name}: a batch of {len(batch.maps):,} maps, {len(batch.affinities):,} affinities; these "
        f"{affinities:.3g} s, iterations {iterations:.3g} s ({50 * turns[-1]} until the last map "
        f"had settled)",
        flush=True,
    )


def tiles(card):
    """Prints how long an iteration takes, by points of a program, columns of a tile and warps."""
    from cxr.embedding import tsne_batches, tsne_gpu, tsne_kernels

    names, usual = ("ROWS", "COLUMNS", "WARPS"), (32, 64, 4)
    work = {
        "2,900 maps of 174": [(neighbours_of(174, i), product_of(29, 1)) for i in range(100)],
        "30 maps of 174": [(neighbours_of(174), product_of(30, 1))],
        "1 map of 5,000": [(neighbours_of(5000), [(30.0, 0)])],
    }
    print(f"\n| rows, columns, warps | {' | '.join(work)} |\n| --- |{' --- |' * len(work)}")
    for tile in ((32, 64, 4), (32, 32, 4), (16, 64, 4), (16, 64, 2), (32, 64, 8), (64, 64, 8)):
        for name, value in zip(names, tile, strict=True):
            setattr(tsne_kernels, name, value)
        cells = []
        for requests in work.values():
            asked = [tsne_batches.MapRequest(*each) for each in requests]
            batch = next(tsne_batches.batches(asked, card.free_bytes()))
            moving = tsne_gpu.MovingMaps(tsne_gpu.joint_affinities(batch, card), batch, card)
            moving.advance(2)
            moving.moving.fill_(1)
            turn = card.repeatable(lambda moving=moving: moving.advance(50))
            cells.append(f"{timed(turn, 5)[0] / 50 * 1e6:.0f} µs")
        print(f"| {', '.join(map(str, tile))} | {' | '.join(cells)} |", flush=True)
    for name, value in zip(names, usual, strict=True):
        setattr(tsne_kernels, name, value)


def with_torchdr(n):
    """A map by TorchDR."""
    import torch
    import torchdr

    features = features_of(n).astype(np.float32)
    return torchdr.TSNE(perplexity=30, device="cuda").fit_transform(torch.from_numpy(features))


def with_cuml(n):
    """A map by cuML."""
    import cuml

    features = features_of(n).astype(np.float32)
    return cuml.manifold.TSNE(perplexity=30, method="exact").fit_transform(features)


PEERS = {"TorchDR": with_torchdr, "cuML": with_cuml}


def null_job(subject, null, first, last, device, threads):
    """The null simulations of one job of the study."""
    features, owners = draw("rectified", np.random.default_rng(subject)), patients()
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
        search=replace(SEARCH, grid=replace(SEARCH.grid, device=device)),
    )
    return search_simulations(whole, settings, None, threads)


def nulls_on_cpu(options):
    """Seconds and simulations, in the jobs of the workflow, one on each core at a time."""
    import pandas as pd

    last = 40 if options.quick else REPLICATES
    jobs = [
        (*subject, first, min(first + SIMULATIONS - 1, last), "cpu", 1)
        for subject in SUBJECTS
        for first in range(1, last + 1, SIMULATIONS)
    ]
    null_job(0, "gaussian", 1, 1, "cpu", 1)  # compiles, for all processes
    with ProcessPoolExecutor(options.cores, mp_context=get_context("spawn")) as pool:
        warm = [(0, "gaussian", 1, 1, "cpu", 1)] * 2 * options.cores
        list(pool.map(null_job, *zip(*warm, strict=True)))
        start = time.perf_counter()
        tables = list(pool.map(null_job, *zip(*jobs, strict=True)))
        seconds = time.perf_counter() - start
    print(f"null searches on {options.cores} cores without the card: {seconds:.3g} s", flush=True)
    return seconds, pd.concat(tables, ignore_index=True)


def nulls_on_card(options, searched):
    """Rows of the table: the null searches, a job a subject as the workflow has them."""
    import pandas as pd

    theirs, expected = searched
    last = int(expected["replicate"].max())
    null_job(0, "gaussian", 1, 2, "gpu", options.cores)
    start = time.perf_counter()
    tables = [null_job(*subject, 1, last, "gpu", options.cores) for subject in SUBJECTS]
    ours = time.perf_counter() - start
    found = pd.concat(tables, ignore_index=True)
    for key, rows in found.groupby(["subject", "null"]):
        other = expected[(expected["subject"] == key[0]) & (expected["null"] == key[1])]
        for name in ("consensus", "dbcv", "balance_score"):
            a, b = (table[name].replace([np.inf, -np.inf], np.nan) for table in (rows, other))
            error = np.sqrt(a.var() / len(a) + b.var() / len(b))
            require(
                abs(a.mean() - b.mean()) <= 4 * error + 1e-12,
                f"{name} of {key}: mean {a.mean():.4f}, of the CPU {b.mean():.4f}, "
                f"standard error of the difference {error:.4f}",
            )
    work = f"null searches, {len(SUBJECTS)} subjects x {last} draws x 30 maps of 175 points"
    peer = f"{options.cores} cores without: {theirs:.3g} s"
    return [(work, f"{ours:.3g} s with {options.cores} cores", peer, theirs / ours)]


if __name__ == "__main__":
    main()
