"""The kernels of exact t-SNE on a GPU, in Triton.

One launch of `move_maps` is one iteration of all maps of a batch. A program computes the forces
on some points of one map from all its points, moves them, and writes them to a second buffer:
the slope is never in memory. Sums over a map's programs are taken in a fixed order, so that a
map has the same bytes in every run and in every batch. `calibrate_rows` computes the affinities.

The places that fill up a map's last block are far away (`cxr.embedding.tsne_batches.FAR`).
"""

# A kernel takes its arrays one by one, and Triton reads its names itself.
# ruff: noqa: N803, PLR0913, PLR0917
# mypy: disable-error-code="no-untyped-def, no-untyped-call, untyped-decorator, import-untyped"

import triton
import triton.language as tl

# Points of a program, points whose forces on them are summed at once, and its warps of threads.
ROWS, COLUMNS, WARPS = 32, 64, 4
# Programs of a map whose sums are read at once.
LANES = 64


@triton.jit
def kernel_sum(sums, blocks_used, LANES: tl.constexpr):
    """The sum of a map's Student kernels, from those of its programs in their order."""
    lanes = tl.arange(0, LANES)
    total = tl.zeros((LANES,), tl.float32)
    for first in range(0, blocks_used, LANES):
        total += tl.load(sums + first + lanes, mask=first + lanes < blocks_used, other=0.0)
    return tl.sum(total, axis=0)


@triton.jit
def sum_forces(
    x,
    y,
    other_x,
    other_y,
    affinities,
    n,
    exaggeration,
    scale,
    ROWS: tl.constexpr,
    COLUMNS: tl.constexpr,
):
    """The slope at each of a program's points, and their Student kernels with all n points.

    `x`, `y` float32 (ROWS,); `other_x`, `other_y` point to the first `COLUMNS` coordinates,
    `affinities` to the rows' first; `scale` is 1 over the sum of all kernels.
    """
    force_x = tl.zeros((ROWS, COLUMNS), tl.float32)
    force_y = tl.zeros((ROWS, COLUMNS), tl.float32)
    kernels = tl.zeros((ROWS, COLUMNS), tl.float32)
    for first in range(0, n, COLUMNS):
        step_x = x[:, None] - tl.load(other_x + first)[None, :]
        step_y = y[:, None] - tl.load(other_y + first)[None, :]
        kernel = 1.0 / (1.0 + step_x * step_x + step_y * step_y)
        pull = (exaggeration * tl.load(affinities + first) - scale * kernel) * kernel
        force_x += pull * step_x
        force_y += pull * step_y
        kernels += kernel
    return tl.sum(force_x, axis=1), tl.sum(force_y, axis=1), tl.sum(kernels, axis=1)


@triton.jit
def next_gain(gain, update, slope, MIN_GAIN: tl.constexpr):
    """The gain of a coordinate: larger where its last update went up the slope."""
    turned = ((update > 0) != (slope > 0)) | ((update < 0) != (slope < 0))
    return tl.where(turned, gain + 0.2, gain * 0.8 + MIN_GAIN)


@triton.jit
def load_pair(pointer, width, rows):
    """Both coordinates of some points."""
    return tl.load(pointer + rows), tl.load(pointer + width + rows)


@triton.jit
def store_pair(pointer, width, rows, x, y, mask):
    """Stores both coordinates of some points."""
    tl.store(pointer + rows, x, mask=mask)
    tl.store(pointer + width + rows, y, mask=mask)


@triton.jit
def next_update(
    update_x, update_y, gain_x, gain_y, slope_x, slope_y, momentum, rate, MAX_STEP: tl.constexpr
):
    """The step of each point, at most `MAX_STEP` long, and its length before it was shortened."""
    update_x = momentum * update_x - rate * gain_x * slope_x
    update_y = momentum * update_y - rate * gain_y * slope_y
    length = tl.sqrt(update_x * update_x + update_y * update_y)
    shortened = tl.where(length > MAX_STEP, MAX_STEP / tl.maximum(length, MAX_STEP), 1.0)
    return update_x * shortened, update_y * shortened, length


@triton.jit
def take_step(
    updates,
    gains,
    tuning,
    width,
    rows,
    inside,
    slope_x,
    slope_y,
    MAX_STEP: tl.constexpr,
    MIN_GAIN: tl.constexpr,
):
    """The step of each of some points, and its length as of `next_update`.

    `updates`, `gains` and `tuning` point to those of the map (see `move_maps`); the first two
    are brought up to date where `inside`.
    """
    momentum, rate = tl.load(tuning + 1), tl.load(tuning + 2)
    update_x, update_y = load_pair(updates, width, rows)
    gain_x, gain_y = load_pair(gains, width, rows)
    gain_x = next_gain(gain_x, update_x, slope_x, MIN_GAIN)
    gain_y = next_gain(gain_y, update_y, slope_y, MIN_GAIN)
    update_x, update_y, length = next_update(
        update_x, update_y, gain_x, gain_y, slope_x, slope_y, momentum, rate, MAX_STEP
    )
    store_pair(updates, width, rows, update_x, update_y, inside)
    store_pair(gains, width, rows, gain_x, gain_y, inside)
    return update_x, update_y, length


@triton.jit
def move_maps(
    joints,
    which,
    sizes,
    moving,
    control,
    places,
    next_places,
    updates,
    gains,
    sums,
    next_sums,
    longest,
    width,
    blocks,
    MAX_STEP: tl.constexpr,
    MIN_GAIN: tl.constexpr,
    ROWS: tl.constexpr,
    COLUMNS: tl.constexpr,
    LANES: tl.constexpr,
):
    """One iteration: grid (maps x `blocks`,), `blocks` of `ROWS` points to a map.

    With b maps of up to `width` points, a multiple of `ROWS` and `COLUMNS`: `joints` float32
    (a, width, width); `which` int32 (b,), the affinities of each map; `sizes` int32 (b,), its
    points; `moving` int32 (b,), 0 for a map that stays; `control` float32 (b, 3), exaggeration,
    momentum and learning rate; `places`, `next_places`, `updates`, `gains` float32 (b, 2, width);
    `sums`, `next_sums` float32 (b, blocks), the Student kernels of each program's points with all
    others; `longest` float32 (b, blocks), each program's longest step.
    """
    number = tl.program_id(0)
    own_map = (number // blocks).to(tl.int64)
    block = number % blocks
    n = tl.load(sizes + own_map)
    if (block * ROWS >= n) | (tl.load(moving + own_map) == 0):
        return
    tuning = control + own_map * 3
    exaggeration = tl.load(tuning)

    used = (n + ROWS - 1) // ROWS
    scale = 1.0 / kernel_sum(sums + own_map * blocks, used, LANES)

    rows = block * ROWS + tl.arange(0, ROWS)
    columns = tl.arange(0, COLUMNS)
    at = own_map * 2 * width
    x, y = load_pair(places + at, width, rows)
    affinities = joints + tl.load(which + own_map).to(tl.int64) * width * width
    affinities += rows.to(tl.int64)[:, None] * width + columns[None, :]
    others = places + at + columns
    slope_x, slope_y, kernels = sum_forces(
        x, y, others, others + width, affinities, n, exaggeration, scale, ROWS, COLUMNS
    )
    inside = rows < n
    # Each point's kernel with itself is 1.
    with_others = tl.where(inside, kernels - 1.0, 0.0)

    step_x, step_y, length = take_step(
        updates + at, gains + at, tuning, width, rows, inside, slope_x, slope_y, MAX_STEP, MIN_GAIN
    )
    store_pair(next_places + at, width, rows, x + step_x, y + step_y, inside)
    tl.store(next_sums + own_map * blocks + block, tl.sum(with_others, axis=0))
    step = tl.where(inside, tl.minimum(length, MAX_STEP), 0.0)
    tl.store(longest + own_map * blocks + block, tl.max(step, axis=0))


@triton.jit
def calibrate_rows(
    squares,
    indices,
    source,
    sizes,
    counts,
    entropies,
    conditional,
    width,
    reach,
    TOLERANCE: tl.constexpr,
    BLOCK: tl.constexpr,
):
    """Gaussian affinities of one point to its neighbours: grid (affinities x `width`,).

    As `cxr.embedding.tsne_exact.calibrate` in double precision. With a matrices of affinities
    of s sets of points: `squares` float64 and `indices` int32 (s, width, reach), neighbours
    nearest first; `source` int32 (a,), the set of each; `sizes` int32 (a,), its points;
    `counts` int32 (a,), neighbours that are used; `entropies` float64 (a,), logarithms of the
    perplexity; `conditional` float32 (a, width, width), zero before. `BLOCK` is at least
    `reach`.
    """
    number = tl.program_id(0)
    own = (number // width).to(tl.int64)
    row = number % width
    if row >= tl.load(sizes + own):
        return
    count = tl.load(counts + own)
    target = tl.load(entropies + own)
    columns = tl.arange(0, BLOCK)
    used = columns < count
    at = (tl.load(source + own).to(tl.int64) * width + row) * reach
    nearest = tl.load(squares + at)
    excess = tl.load(squares + at + columns, mask=used, other=0.0) - nearest
    excess = tl.where(used, excess, 0.0)
    mean = tl.sum(excess, axis=0) / count.to(tl.float64)

    # Newton's method on the logarithm of the precision, inside a bracket.
    position = tl.where(mean > 0, -tl.log(tl.where(mean > 0, mean, 1.0)), 0.0)
    low = position * 0.0 - float("inf")
    high = position * 0.0 + float("inf")
    precision = tl.exp(position)
    turn = 0
    while turn < 200:
        precision = tl.exp(position)
        weights = tl.where(used, tl.exp(-precision * excess), 0.0)
        total = tl.sum(weights, axis=0)
        first = tl.sum(weights * excess, axis=0) / total
        second = tl.sum(weights * excess * excess, axis=0) / total
        gap = tl.log(total) + precision * first - target
        low = tl.where(gap > 0, position, low)
        high = tl.where(gap > 0, high, position)
        slope = precision * precision * (second - first * first)
        step = tl.where(slope > 0, gap / tl.where(slope > 0, slope, 1.0), float("inf"))
        position += tl.minimum(tl.maximum(step, -3.0), 3.0)
        halved = (position <= low) | (position >= high)
        position = tl.where(halved, (low + high) / 2, position)
        found = (tl.abs(gap) < TOLERANCE) | (mean == 0)
        stuck = (high - low < 1e-12) | (tl.abs(position) > 700)
        turn = tl.where(found | stuck, 200, turn + 1)

    weights = tl.where(used, tl.exp(-precision * excess), 0.0)
    weights /= tl.sum(weights, axis=0)
    to = tl.load(indices + at + columns, mask=used, other=0)
    out = conditional + own * width * width + row.to(tl.int64) * width
    tl.store(out + to, weights.to(tl.float32), mask=used)
