"""How well lungs are found, beside the rule of before and a mean shape.

    python tests/benchmarks/lungs.py MIRROR [--squares crop] [--pictures FOLDER]

Compares the masks of `cxr.images.lungs` with lungs that people outlined on radiographs of the
mirror (see `tests/helpers/lung_masks.py`), at 128 pixels, in each way to make them square. Each
image has the one network that saw no image of its patient, or the mean shape of the other folds'
masks. Prints a Markdown table with intervals (95%, patients drawn with replacement), and the files
with the lowest Dice. `--pictures` draws these, and images of children, outlined.
"""

import argparse
import sys
import time
from pathlib import Path

import numpy as np
from PIL import Image

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "workflow" / "scripts")]

from tests.benchmarks.lung_rule import ruled_masks  # noqa: E402
from tests.helpers.lung_masks import dice, outlined_lungs  # noqa: E402

from cxr.images.canonical import canonical  # noqa: E402
from cxr.images.decode import read_grey  # noqa: E402
from cxr.images.lung_network import MEMBERS  # noqa: E402
from cxr.images.lungs import lung_masks  # noqa: E402

SQUARES = ("crop", "stretch", "pad")
DRAWS, WORST, CHILDREN, SCALE = 2000, 10, 30, 2


def of_unseen_patients(outlined):
    """Masks by the network that saw no image of the patient."""
    masks = np.zeros_like(outlined.masks)
    for fold in range(MEMBERS):
        rows = outlined.folds == fold
        masks[rows], _ = lung_masks(outlined.images[rows], members=[fold])
    return masks


def mean_shapes(outlined):
    """The mean of the masks of the other folds, for each image."""
    means = [outlined.masks[outlined.folds != fold].mean(axis=0) > 0.5 for fold in range(MEMBERS)]
    return np.stack([means[fold] for fold in outlined.folds])


def interval(values, patients, rng):
    """The mean and its 95% interval, whole patients drawn with replacement."""
    _, codes = np.unique(patients, return_inverse=True)
    sums, counts = np.bincount(codes, values), np.bincount(codes)
    drawn = rng.integers(len(counts), size=(DRAWS, len(counts)))
    means = sums[drawn].sum(axis=1) / counts[drawn].sum(axis=1)
    low, high = np.quantile(means, (0.025, 0.975))
    return f"{values.mean():.3f} ({low:.3f} to {high:.3f})"


def picture(images, masks, truths=None, columns=10):
    """Images side by side, the border of the masks red, of the true ones green."""
    tiles = []
    for i, image in enumerate(images):
        colour = np.repeat(np.kron(image, np.ones((SCALE, SCALE), np.uint8))[..., None], 3, axis=2)
        for channel, outlines in ((1, truths), (0, masks)):
            if outlines is not None:
                colour[_edge(np.kron(outlines[i], np.ones((SCALE, SCALE), bool)))] = 0
                colour[_edge(np.kron(outlines[i], np.ones((SCALE, SCALE), bool))), channel] = 255
        tiles.append(colour)
    tiles += [np.zeros_like(tiles[0])] * (-len(tiles) % columns)
    rows = [np.concatenate(tiles[i : i + columns], 1) for i in range(0, len(tiles), columns)]
    return Image.fromarray(np.concatenate(rows))


def _edge(mask):
    inner = mask[1:-1, 1:-1] & mask[2:, 1:-1] & mask[:-2, 1:-1] & mask[1:-1, 2:] & mask[1:-1, :-2]
    edge = mask.copy()
    edge[1:-1, 1:-1] &= ~inner
    return edge


def main():
    options = argparse.ArgumentParser()
    options.add_argument("mirror", type=Path)
    options.add_argument("--squares", nargs="+", choices=SQUARES, default=SQUARES)
    options.add_argument("--pictures", type=Path)
    arguments = options.parse_args()
    rng = np.random.default_rng(0)
    print("| square | images | rule | mean shape | networks | least | not found |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    worst = None
    for square in arguments.squares:
        outlined = outlined_lungs(arguments.mirror, square=square)
        found = of_unseen_patients(outlined)
        scores = dice(found, outlined.masks)
        cells = [
            interval(dice(masks, outlined.masks), outlined.patients, rng)
            for masks in (ruled_masks(outlined.images), mean_shapes(outlined), found)
        ]
        missing = int((~lung_masks(outlined.images)[1]).sum())
        count = f"{len(scores)} of {len(np.unique(outlined.patients))} patients"
        print(f"| {square} | {count} | {' | '.join(cells)} | {scores.min():.3f} | {missing} |")
        if worst is None:
            order = np.argsort(scores)[:WORST]
            worst = outlined, found, order, scores
    outlined, found, order, scores = worst
    began = time.perf_counter()
    lung_masks(outlined.images)
    each = (time.perf_counter() - began) / len(outlined.images)
    print(f"\n{1000 * each:.1f} ms an image; lowest: ")
    print("\n".join(f"- {outlined.files[i]}: {scores[i]:.3f}" for i in order))
    if arguments.pictures:
        arguments.pictures.mkdir(parents=True, exist_ok=True)
        drawn = picture(outlined.images[order], found[order], outlined.masks[order], 5)
        drawn.save(arguments.pictures / "worst.png")
        files = sorted((arguments.mirror / "chest_xray").rglob("*.jpeg"))
        step = max(1, len(files) // CHILDREN)
        children = np.stack(
            [canonical(read_grey(f), 128, "crop") for f in files[::step][:CHILDREN]]
        )
        picture(children, lung_masks(children)[0]).save(arguments.pictures / "children.png")


if __name__ == "__main__":
    main()
