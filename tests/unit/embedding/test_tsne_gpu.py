"""Maps of a GPU are the CPU's: its kernels run in Triton's interpreter."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest

from cxr.core.paths import SCRIPTS
from cxr.embedding.card import BLOCK, map_bytes
from cxr.embedding.knn import find_neighbours

# Triton decides when it is imported whether it interprets, so the kernels run in a process of
# their own. Sizes are ragged, points are duplicates, perplexities are at their limits.
WORKER = """
import json
import numpy as np
import torch
from cxr.embedding import tsne_batches, tsne_gpu
from cxr.embedding.card import Card
from cxr.embedding.knn import find_neighbours, pairwise_affinities, starting_points
from cxr.embedding.tsne_exact import divergence, optimise

card, rng = Card(torch.device("cpu"), "the interpreter"), np.random.default_rng(0)
MANY = 2**30

def points(n):
    features = np.maximum(rng.normal(size=(n, 5)) @ rng.normal(size=(5, 8)), 0)
    features[1] = features[0]
    return find_neighbours(np.zeros(n, np.str_), features, 128.0, 1)

def request(n, runs, initialization="pca"):
    return tsne_batches.MapRequest(points(n), runs, initialization)

requests = [
    request(200, [(42.5, 0)]),
    request(70, [(69.0, 3)], "random"),
    request(3, [(1.0, 0), (2.0, 0)]),
    request(20, [(1.0, 0), (6.5, 1), (6.5, 2)]),
]
seen = {"affinities": [], "moved": [], "divergences": [], "again": [], "alone": []}

def moved(batch, joints, iterations=4):
    maps = tsne_gpu.MovingMaps(joints, batch, card)
    maps.moving.fill_(1)
    maps.advance(iterations)
    return maps.places[0]

(batch,) = tsne_batches.batches(requests, MANY)
joints = tsne_gpu.joint_affinities(batch, card)
for (near, perplexity), found in zip(batch.affinities, joints.numpy(), strict=True):
    expected = pairwise_affinities(near, perplexity)
    found = found.copy()
    found[: near.n, : near.n] -= expected
    seen["affinities"].append(float(np.abs(found).max() / expected.max()))
places = moved(batch, joints)
seen["again"] = bool(torch.equal(places, moved(batch, joints)))
found = tsne_gpu.divergences_of(joints, batch, places)
for (number, seed, start), xy, kl in zip(batch.maps, places.double().numpy(), found, strict=True):
    near, perplexity = batch.affinities[number]
    joint, xy = pairwise_affinities(near, perplexity), xy[:, : near.n]
    first = starting_points(near, seed, start)
    expected, _ = optimise(joint, first, np.array([(4, 12.0, 0.8)]))
    difference = (xy - xy.mean(axis=1, keepdims=True)).T - expected
    seen["moved"].append(float(np.abs(difference).max() / np.abs(expected).max()))
    seen["divergences"].append(float(kl - divergence(joint, *xy.copy())))

# The last request in a batch of its own.
(alone,) = tsne_batches.batches(requests[3:], MANY)
found = moved(alone, tsne_gpu.joint_affinities(alone, card))
seen["alone"] = bool(torch.equal(found[:, :, :20], places[-3:, :, :20]))

# Whole maps, in shorter phases of which some end early.
phases = ((50, 12.0, 0.8), (50, 1.0, 0.8))
three = request(3, [(1.0, 0)])
(batch,) = tsne_batches.batches([three], MANY)
maps = tsne_gpu.MovingMaps(tsne_gpu.joint_affinities(batch, card), batch, card, phases)
maps.settle()
seen["whole"] = [
    float(np.abs(xy[:, :3].T - optimise(
        pairwise_affinities(three.neighbours, perplexity),
        starting_points(three.neighbours, seed, "pca"), np.array(phases))[0]).max())
    for xy, (perplexity, seed) in zip(maps.places[0].numpy(), three.runs, strict=True)
]
print(json.dumps(seen))
"""


@pytest.fixture(scope="module")
def seen():
    """What the kernels computed, beside the CPU's numbers."""
    done = subprocess.run(
        [sys.executable, "-c", WORKER],
        env=os.environ | {"TRITON_INTERPRET": "1", "PYTHONPATH": str(SCRIPTS)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_affinities_are_those_of_the_cpu(seen):
    assert len(seen["affinities"]) == 6
    assert max(seen["affinities"]) < 1e-6


def test_points_move_as_on_the_cpu(seen):
    assert len(seen["moved"]) == 7
    assert max(seen["moved"]) < 1e-4


def test_divergences_are_those_of_the_cpu(seen):
    assert np.abs(seen["divergences"]).max() < 1e-6


def test_whole_maps_are_those_of_the_cpu(seen):
    assert max(seen["whole"]) < 1e-3


def test_maps_are_the_same_again_and_in_another_batch(seen):
    assert seen["again"]
    assert seen["alone"]


def requests(n, count, seeds=1):
    from cxr.embedding.tsne_batches import MapRequest

    points = find_neighbours(np.zeros(n, np.str_), np.eye(n), 2.0, 1)
    runs = [(2.0, seed) for seed in range(seeds)]
    return [MapRequest(points, runs) for _ in range(count)]


def test_batches_hold_what_fits_in_the_order_that_was_asked_for():
    from cxr.embedding.tsne_batches import batches

    matrix, beside = map_bytes(30)
    parts = list(batches(requests(30, 7), 3 * (matrix + beside)))
    assert [len(part.maps) for part in parts] == [3, 3, 1]
    shared = list(batches(requests(30, 2, seeds=50), 2 * matrix + 100 * beside))
    assert [(len(part.affinities), len(part.maps)) for part in shared] == [(2, 100)]
    assert [seed for _, seed, _ in shared[0].maps] == [*range(50), *range(50)]


def test_a_map_fills_whole_blocks():
    from cxr.embedding import tsne_kernels

    assert BLOCK % tsne_kernels.ROWS == BLOCK % tsne_kernels.COLUMNS == 0
