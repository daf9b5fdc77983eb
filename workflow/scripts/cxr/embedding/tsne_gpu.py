"""Exact t-SNE of many maps at once on a GPU.

The algorithm is that of `cxr.embedding.tsne_exact`, in single precision, with its early end of
phases. Sums are taken in another order, and that is enough to send a map into another,
equally deep, minimum. All maps of a batch advance together, each in its own phase, by
`CHECKED` iterations, which are one CUDA graph; then it is seen which have settled.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import torch

from cxr.embedding import tsne_kernels as kernels
from cxr.embedding.card import Card
from cxr.embedding.knn import affinity_reach
from cxr.embedding.tsne_batches import Batch, MapRequest, batches
from cxr.embedding.tsne_exact import CHECKED, EXACT_PHASES, MAX_STEP, MIN_GAIN, SETTLED, TOLERANCE

# Pairs of points whose divergence is computed at once, in double precision.
PAIRS = 2**24


def compute_maps(
    requests: Sequence[MapRequest], card: Card, with_divergence: bool = True
) -> Iterator[list[tuple[np.ndarray, float]]]:
    """The maps of each request, in the order of its runs.

    Parameters
    ----------
    requests : sequence of MapRequest
    card : Card
    with_divergence : bool

    Yields
    ------
    list of (float array of shape (n, 2), float)
        Map and Kullback-Leibler divergence, nats; NaN where that is not asked for.
    """
    pending: list[tuple[np.ndarray, float]] = []
    lengths = iter([len(request.runs) for request in requests])
    length = next(lengths, None)
    for batch in batches(requests, card.free_bytes()):
        pending += optimise_batch(batch, card, with_divergence)
        while length is not None and len(pending) >= length:
            yield pending[:length]
            pending, length = pending[length:], next(lengths, None)
    while length is not None:  # requests without any map
        yield []
        length = next(lengths, None)


@torch.inference_mode()
def optimise_batch(
    batch: Batch, card: Card, with_divergence: bool = True
) -> list[tuple[np.ndarray, float]]:
    """The maps of a batch, each with its divergence; NaN where that is not asked for."""
    joints = joint_affinities(batch, card)
    moving = MovingMaps(joints, batch, card)
    moving.settle()
    places = moving.places[0]
    divergences = np.full(len(batch.maps), np.nan)
    if with_divergence:
        divergences = divergences_of(joints, batch, places)
    sizes, found = batch.sizes[batch.which], places.cpu().numpy().astype(np.float64)
    return [
        (np.ascontiguousarray(xy[:, :n].T), float(divergence))
        for xy, n, divergence in zip(found, sizes, divergences, strict=True)
    ]


def joint_affinities(batch: Batch, card: Card) -> torch.Tensor:
    """The symmetric affinities of each set of points and perplexity, float32 (a, width, width)."""
    reaches = [affinity_reach(*each) for each in batch.affinities]
    reach, sets = max(reaches), {id(points): points for points, _ in batch.affinities}
    places = {key: place for place, key in enumerate(sets)}
    squares = np.zeros((len(sets), batch.width, reach))
    indices = np.zeros((len(sets), batch.width, reach), np.int32)
    for place, points in enumerate(sets.values()):
        k = min(reach, points.indices.shape[1])
        squares[place, : points.n, :k] = points.distances[:, :k] ** 2
        indices[place, : points.n, :k] = points.indices[:, :k]
    shape = (len(batch.affinities), batch.width, batch.width)
    conditional = torch.zeros(shape, dtype=torch.float32, device=card.device)
    block = max(64, 1 << (reach - 1).bit_length())
    sizes = card.tensor(batch.sizes)
    kernels.calibrate_rows[(shape[0] * batch.width,)](
        card.tensor(squares),
        card.tensor(indices),
        card.tensor(np.array([places[id(points)] for points, _ in batch.affinities], np.int32)),
        sizes,
        card.tensor(np.array(reaches, np.int32)),
        card.tensor(np.log([perplexity for _, perplexity in batch.affinities])),
        conditional,
        batch.width,
        reach,
        TOLERANCE=TOLERANCE,
        BLOCK=block,
        num_warps=min(16, max(1, block // 256)),
    )
    joints = conditional + conditional.transpose(1, 2)
    joints *= (0.5 / sizes.double()).float()[:, None, None]
    return joints


class MovingMaps:
    """The state of a batch of maps on the card.

    Parameters
    ----------
    joints : float32 tensor, shape (a, width, width)
    batch : Batch
    card : Card
    phases : sequence of (int, float, float), optional
        Iterations, a multiple of `CHECKED`, exaggeration and momentum of each phase; None for
        `EXACT_PHASES`.
    """

    def __init__(
        self,
        joints: torch.Tensor,
        batch: Batch,
        card: Card,
        phases: Sequence[tuple[int, float, float]] | None = None,
    ) -> None:
        self.joints, self.card = joints, card
        self.phases = card.tensor(np.array(EXACT_PHASES if phases is None else phases))
        self.which, self.width = card.tensor(batch.which), batch.width
        self.sizes = card.tensor(batch.sizes[batch.which])
        self.blocks = batch.width // kernels.ROWS
        count = len(batch.maps)
        start = card.tensor(batch.starts())
        self.places = (start, start.clone())
        self.updates, self.gains = torch.zeros_like(start), torch.ones_like(start)
        sums = start.new_zeros(count, self.blocks)
        self.sums, self.longest = (sums, torch.zeros_like(sums)), torch.zeros_like(sums)
        self.inside = torch.arange(self.width, device=card.device) < self.sizes[:, None]
        self.phase = torch.zeros(count, dtype=torch.int64, device=card.device)
        self.iterations = torch.zeros_like(self.phase)
        self.moving = torch.zeros(count, dtype=torch.int32, device=card.device)
        self.control = start.new_zeros(count, 3)
        self._begin_sums(batch)
        self._set_control()

    def _begin_sums(self, batch: Batch) -> None:
        """The sum of the Student kernels of each map's start, in the place of the first block."""
        size = max(1, PAIRS // self.width**2)
        for first in range(0, len(batch.maps), size):
            part = slice(first, first + size)
            self.sums[0][part, 0] = student_sums(self.places[0][part], self.sizes[part]).float()

    def _set_control(self) -> None:
        """Exaggeration, momentum and learning rate of each map's phase, in place."""
        settings = self.phases[self.phase.clamp(max=len(self.phases) - 1)]
        rates = self.sizes.double() / settings[:, 1]
        self.control.copy_(torch.stack([settings[:, 1], settings[:, 2], rates], dim=1))

    def advance(self, iterations: int) -> None:
        """Moves the maps that have not settled; an even number of iterations."""
        for _ in range(iterations // 2):
            for now in (0, 1):
                self._launch(now)

    def _launch(self, now: int) -> None:
        kernels.move_maps[(len(self.which) * self.blocks,)](
            self.joints,
            self.which,
            self.sizes,
            self.moving,
            self.control,
            self.places[now],
            self.places[1 - now],
            self.updates,
            self.gains,
            self.sums[now],
            self.sums[1 - now],
            self.longest,
            self.width,
            self.blocks,
            MAX_STEP=MAX_STEP,
            MIN_GAIN=MIN_GAIN,
            ROWS=kernels.ROWS,
            COLUMNS=kernels.COLUMNS,
            LANES=kernels.LANES,
            num_warps=kernels.WARPS,
        )

    def settle(self) -> None:
        """Moves all maps to the end of their last phase."""
        self.advance(2)  # loads the kernel; no map moves yet
        self.moving.fill_(1)
        turn = self.card.repeatable(lambda: self.advance(CHECKED))
        while bool(self.moving.any()):
            turn()
            self.check()

    def check(self) -> None:
        """Centres the maps; those that have settled enter their next phase, or stay."""
        moving = self.moving.bool()
        places = self.places[0]
        inside = self.inside[:, None, :]
        held = torch.where(inside, places, 0.0)
        counts = self.sizes.double()
        means = held.sum(dim=2, dtype=torch.float64) / counts[:, None]
        centred = torch.where(inside, held - means.float()[:, :, None], 0.0)
        spread = (centred.double().square().sum(dim=(1, 2)) / counts).sqrt()
        places.copy_(torch.where(inside & moving[:, None, None], centred, places))
        self.iterations += CHECKED * moving
        settled = self.longest.amax(dim=1).double() < SETTLED * spread
        last = self.phases[self.phase.clamp(max=len(self.phases) - 1), 0]
        ended = moving & (settled | (self.iterations >= last))
        self.phase += ended
        self.iterations.masked_fill_(ended, 0)
        self.moving.copy_(moving & (self.phase < len(self.phases)))
        self._set_control()


def student_sums(places: torch.Tensor, sizes: torch.Tensor) -> torch.Tensor:
    """The Student kernels of all ordered pairs of different points, float64 (b,)."""
    totals = torch.zeros(len(places), dtype=torch.float64, device=places.device)
    for rows, squares in squared_distances(places, sizes):
        totals += torch.where(rows, 1 / (1 + squares), 0.0).sum(dim=(1, 2))
    return totals - sizes


def squared_distances(
    places: torch.Tensor, sizes: torch.Tensor
) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    """Some points of each map with all others: which pairs are any, squared distances, float64."""
    width = places.shape[2]
    inside = torch.arange(width, device=places.device) < sizes[:, None]
    points = torch.where(inside[:, None], places, 0.0).double()
    size = max(1, PAIRS // (len(places) * width))
    for first in range(0, width, size):
        some = points[:, :, first : first + size, None] - points[:, :, None, :]
        pairs = inside[:, first : first + size, None] & inside[:, None, :]
        yield pairs, some.square().sum(dim=1)


def divergences_of(joints: torch.Tensor, batch: Batch, places: torch.Tensor) -> np.ndarray:
    """The Kullback-Leibler divergence of each map from its affinities, nats, float64 (b,)."""
    which = torch.from_numpy(batch.which).to(places.device).long()
    sizes = torch.from_numpy(batch.sizes).to(places.device)[which]
    width, found = places.shape[2], []
    count = max(1, PAIRS // width**2)
    for start in range(0, len(places), count):
        part = slice(start, start + count)
        some, n = places[part], sizes[part]
        cross = torch.zeros(len(some), dtype=torch.float64, device=places.device)
        first = 0
        for _, squares in squared_distances(some, n):
            # A slice of rows first: the affinities of one large map are not copied.
            rows = slice(first, first + squares.shape[1])
            first = rows.stop
            joint = joints[:, rows][which[part]].double()
            cross += (torch.xlogy(joint, joint) + joint * torch.log1p(squares)).sum(dim=(1, 2))
        found.append((cross + torch.log(student_sums(some, n))).clamp(min=0))
    return torch.cat(found).cpu().numpy()
