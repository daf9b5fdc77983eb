"""How well burned-in words and markers are found, on images of the mirror labelled by eye.

PYTHONPATH=workflow/scripts python tests/benchmarks/text.py MIRROR [PROCESSES]

An image has text where any part of a letter, digit or word is seen, burned in or as a lead marker;
arrows, crosses, scales, electrodes and the writing on implants are none. The detector's sizes and
thresholds were chosen on the set `choice`; `test` and `more` were run once, with what was chosen.
"""

import sys
from functools import cache
from pathlib import Path

import pandas as pd

from cxr.core.parallel import in_processes
from cxr.images.decode import read_grey
from cxr.images.text import TextFinder

LABELS = Path(__file__).with_name("labels") / "burned_in_text.csv"


def exact_interval(k: int, n: int) -> tuple[float, float]:
    """The Clopper-Pearson interval of a share, 95%."""
    from scipy.stats import binomtest

    interval = binomtest(k, n).proportion_ci(method="exact")
    return float(interval.low), float(interval.high)


finder = cache(lambda: TextFinder(read=False))


def count(path: str) -> int:
    """The boxes that are found in an image."""
    return len(finder()(read_grey(Path(path))))


def line(name: str, hits: pd.Series) -> str:
    k, n = int(hits.sum()), len(hits)
    low, high = exact_interval(k, n)
    return f"{name} {k} of {n}, {k / n:.3f} [{low:.3f}, {high:.3f}]"


def main(mirror: Path, processes: int) -> None:
    labels = pd.read_csv(LABELS)
    paths = [str(mirror / file) for file in labels["file"]]
    labels["found"] = [n > 0 for n in in_processes(count, paths, processes)]
    for which, rows in labels.groupby("set"):
        for name, part in [("all", rows), *rows.groupby("class")]:
            has = part["text"] == 1
            sensitivity = line("sensitivity", part.loc[has, "found"]) if has.any() else ""
            specificity = line("specificity", ~part.loc[~has, "found"]) if (~has).any() else ""
            print(f"{which}, {name}: {sensitivity}; {specificity}", flush=True)
    wrong = labels.loc[labels["found"] != (labels["text"] == 1), ["set", "file", "text"]]
    print(wrong.to_string(index=False))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 1)
