"""Exact t-SNE on a GPU for `gpu.py`: whether it is right, and how fast."""

import os
import statistics
import sys
import time
from dataclasses import replace

import numpy as np
from tests.helpers.null_features import draw

from cxr.embedding.knn import find_neighbours, pairwise_affinities, starting_points
from cxr.embedding.tsne import TsneSettings, embed

EXACT = TsneSettings(gradient="exact")


def check(card, work):
    """The card's affinities, first iterations, divergences and bytes beside the CPU's."""
    from cxr.embedding.tsne_batches import MapRequest, batches
    from cxr.embedding.tsne_gpu import joint_affinities

    tiny = work == "tiny"
    large, middle, ragged = (20, 40, 13) if tiny else (174, 1000, 61)
    requests = [
        MapRequest(neighbours_of(large), [(p, 0) for p in (1.0, 5.0, large / 3, large - 1.0)]),
        MapRequest(neighbours_of(ragged, 1), [(7.5, 0), (7.5, 1), (ragged - 1.0, 0)], "random"),
        MapRequest(neighbours_of(middle, 2), [(middle / 33, 0)]),
        MapRequest(neighbours_of(3), [(1.0, 0), (2.0, 0)]),
    ]
    (batch,) = batches(requests, card.free_bytes())
    joints = joint_affinities(batch, card)
    errors = []
    for (points, perplexity), joint in zip(batch.affinities, joints.cpu().numpy(), strict=True):
        expected = pairwise_affinities(points, perplexity)
        errors.append(np.abs(joint[: points.n, : points.n] - expected).max() / expected.max())
    require(max(errors) < 1e-6, f"affinities differ by {max(errors):.1e} of the largest")
    check_steps(card, batch, joints, 6, 1e-3)
    if not tiny:
        check_steps(card, batch, joints, 50, np.inf)
    perplexities, seeds = (
        ([4.0], (0, 1)) if tiny else ([float(p) for p in range(2, 59, 4)], range(4))
    )
    check_whole(card, neighbours_of(large), [(p, s) for p in perplexities for s in seeds])


def check_steps(card, batch, joints, iterations, allowed):
    """Where the points of a batch are after some iterations, beside the CPU's."""
    from cxr.embedding.tsne_exact import optimise
    from cxr.embedding.tsne_gpu import MovingMaps

    moving, errors = MovingMaps(joints, batch, card), []
    moving.moving.fill_(1)
    moving.advance(iterations)
    places = moving.places[0].cpu().double().numpy()
    for (number, seed, start), found in zip(batch.maps, places, strict=True):
        points, perplexity = batch.affinities[number]
        joint, first = (
            pairwise_affinities(points, perplexity),
            starting_points(points, seed, start),
        )
        expected, _ = optimise(joint, first, np.array([(iterations, 12.0, 0.8)]))
        xy = found[:, : points.n].T
        errors.append(np.abs(xy - xy.mean(axis=0) - expected).max() / np.abs(expected).max())
    require(
        max(errors) < allowed,
        f"after {iterations} iterations points differ by {np.median(errors):.1e} (median of the "
        f"maps), {max(errors):.1e} (worst) of the map",
    )


def check_whole(card, points, runs):
    """The bytes of whole maps in other batches, and their divergences beside the CPU's."""
    from cxr.embedding.tsne_batches import MapRequest
    from cxr.embedding.tsne_exact import divergence
    from cxr.embedding.tsne_gpu import compute_maps

    request = MapRequest(points, runs)
    ((*found,),) = compute_maps([request], card)
    again = [
        one for run in runs for ((one,),) in [compute_maps([replace(request, runs=[run])], card)]
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


def rows(card, work):
    """Rows of the table: exact maps of several sizes."""
    seeds = {"whole": 100, "quick": 10, "tiny": 1}[work]
    if work == "tiny":
        tiny = [(neighbours_of(20), [(p, 0) for p in (2.0, 6.0)])]
        return map_rows(card, "20 points", tiny, [2.0], 1)
    found = []
    small = [float(p) for p in range(1, 59)]
    shared = [(neighbours_of(174), [(p, seed) for p in small for seed in range(seeds)])]
    own = [(neighbours_of(174, number), [(p, 0) for p in small]) for number in range(seeds)]
    some = 1 if work == "quick" else 5
    parts = [
        ("174 points, of the same features", shared, small[::4], 3),
        ("174 points, each set with features of its own", own, small[::4], 3),
        ("1,000 points", [(neighbours_of(1000), product_of(20, seeds // 10))], [30.0] * 2, 3),
        ("5,000 points", [(neighbours_of(5000), product_of(4, some))], [30.0], 1),
    ]
    if work == "whole":
        parts.append(("20,000 points", [(neighbours_of(20_000), [(30.0, 0)])], [], 1))
    for name, requests, sample, repeats in parts:
        found += map_rows(card, name, requests, sample, repeats)
    return found


def product_of(perplexities, seeds):
    """Runs of so many perplexities, from 5 on, with so many seeds."""
    return [(5.0 * (i + 1), seed) for i in range(perplexities) for seed in range(seeds)]


def map_rows(card, name, requests, sample, repeats):
    """The rows of one size: beside one core of the CPU, and beside libraries for the GPU."""
    from cxr.embedding import tsne_batches, tsne_gpu

    asked = [tsne_batches.MapRequest(*each) for each in requests]
    count = sum(len(each.runs) for each in asked)
    seconds, _ = timed(lambda: list(tsne_gpu.compute_maps(asked, card)), repeats)
    if card.device.type == "cuda":
        describe(card, name, asked)
    work, ours = f"t-SNE, {count:,} maps of {name}", f"{seconds:.3g} s"
    points, found = asked[0].neighbours, []
    if sample:
        start = time.perf_counter()
        for perplexity in sample:
            embed(points, perplexity, 1, EXACT, 1)
        alone = (time.perf_counter() - start) / len(sample) * count
        found.append((work, ours, f"one core of the CPU: {alone:.3g} s", alone / seconds))
    for peer, function in PEERS.items():
        try:
            once, _ = timed(lambda function=function: function(points.n), 1)
        except ImportError:
            continue
        text = f"{peer}, one map {once:.3g} s, scaled: {once * count:.3g} s"
        found.append((work, ours, text, once * count / seconds))
    return found or [(work, ours, "not run at this size", None)]


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


def print_tiles(card):
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


def features_of(n, number=0):
    """Rectified features of n patients."""
    return draw("rectified", np.random.default_rng(number), (1,) * n)


def neighbours_of(n, number=0, perplexity=100.0):
    """The neighbours of n rectified features."""
    features = features_of(n, number)
    return find_neighbours(np.zeros(n, np.str_), features, perplexity, os.cpu_count())


def timed(function, repeats):
    """The median of some runs, seconds, after one that is not counted, and the last result."""
    seconds = []
    for _ in range(repeats + 1):
        wait()
        start = time.perf_counter()
        result = function()
        wait()
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds[1:]), result


def wait():
    """Until the card has done all that it was given."""
    import torch

    if torch.cuda.is_available():
        torch.cuda.synchronize()


def require(truth, fact):
    """Says what was checked; ends where it is not true."""
    print(f"{'right' if truth else 'WRONG'}: {fact}", flush=True)
    if not truth:
        sys.exit(1)


def with_torchdr(n):
    """A map by TorchDR."""
    import torch
    import torchdr

    device = "cuda" if torch.cuda.is_available() else "cpu"
    model = torchdr.TSNE(min(30, n / 4), device=device, backend=None)
    return model.fit_transform(features_of(n).astype(np.float32))


def with_cuml(n):
    """A map by cuML."""
    import cuml

    features = features_of(n).astype(np.float32)
    return cuml.manifold.TSNE(perplexity=30, method="exact").fit_transform(features)


PEERS = {"TorchDR": with_torchdr, "cuML": with_cuml}
