"""Seconds an iteration of a large t-SNE map by openTSNE alone, and with this workflow's attraction.

    python tests/benchmarks/maps.py [--rows 100000] [--perplexities 10 30 50] [--iterations 20]

Both take the same neighbours and start, repulsion by FFT interpolation, one core and 20 iterations
of each phase. Between them: openTSNE alone, the images in the workflow's order. Prints a Markdown
table.
"""

import argparse
import sys
import time
from pathlib import Path
from unittest.mock import patch

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "workflow" / "scripts")]

from tests.benchmarks.scale import draw  # noqa: E402

from cxr.core.allocation import keep_freed_memory  # noqa: E402
from cxr.embedding import attraction, tsne  # noqa: E402
from cxr.embedding.knn import find_neighbours  # noqa: E402

IN_ORDER = patch.object(attraction, "with_pairs_once", lambda objective, affinities: objective)
AS_GIVEN = patch.object(tsne, "order_by_neighbours", lambda indices: np.arange(len(indices)))


def seconds(neighbours, perplexity, iterations):
    """Seconds an iteration: of so many in each phase less those of a single one."""
    spent = []
    for count in (1, iterations + 1):
        phases = tuple((count, *settings) for _, *settings in tsne.PHASES)
        with patch.object(tsne, "PHASES", phases):
            start = time.process_time()
            tsne.embed(neighbours, perplexity, 0, tsne.TsneSettings(gradient="fft"), 1)
            spent.append(time.process_time() - start)
    return (spent[1] - spent[0]) / (iterations * len(tsne.PHASES))


def main():
    """Time all three and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--perplexities", type=float, nargs="+", default=[10, 30, 50])
    parser.add_argument("--iterations", type=int, default=20)
    options = parser.parse_args()
    keep_freed_memory()
    table, _ = draw(options.rows, groups=8, seed=0)
    features = table.filter(like="unit").to_numpy()
    ids = table["image_id"].to_numpy(dtype=np.str_)
    neighbours = find_neighbours(ids, features, max(options.perplexities), threads=2)
    columns = ("rows", "perplexity", "openTSNE, s", "in this order, s", "this workflow, s", "times")
    print(f"| {' | '.join(columns)} |")
    print("| --- | --- | --- | --- | --- | --- |", flush=True)
    for perplexity in options.perplexities:
        ours = seconds(neighbours, perplexity, options.iterations)
        with IN_ORDER:
            ordered = seconds(neighbours, perplexity, options.iterations)
            with AS_GIVEN:
                given = seconds(neighbours, perplexity, options.iterations)
        times = " | ".join(f"{each:.3f}" for each in (given, ordered, ours))
        shown = f"{options.rows:,} | {perplexity:g} | {times} | {given / ours:.1f}"
        print(f"| {shown} |", flush=True)


if __name__ == "__main__":
    main()
