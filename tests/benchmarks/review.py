"""How many flipped labels are among the first images of the review list.

    snakemake --cores all assemble_cohort
    python tests/benchmarks/review.py [results/demo] [--repeats 3]

Flips the labels of 5% of the images of the demo's cohort, each to another class at random, divides
the flipped cohort into patient-grouped folds, trains the demo's network on each, and on the study's
own split for the features, and prints a Markdown table: the share of the flips in the first 5% and
10% of the list. Five folds take some three minutes of one core.
"""

import argparse
import sys
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
import yaml

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "workflow" / "scripts")]

from cxr.cohort.protocols import DivisionSettings, divide_protocols  # noqa: E402
from cxr.cohort.splits import SplitShares  # noqa: E402
from cxr.config.resolve import resolve  # noqa: E402
from cxr.core.io import read_csv, read_table  # noqa: E402
from cxr.core.settings import typed  # noqa: E402
from cxr.evaluation.field_study import main_predictions  # noqa: E402
from cxr.evaluation.parts import PartSettings, predict_part  # noqa: E402
from cxr.evaluation.predict import predict_images  # noqa: E402
from cxr.evaluation.review import LABEL_ERROR, ReviewStudy, review_list  # noqa: E402
from cxr.features.extract import extract_features  # noqa: E402
from cxr.planning.parts import GROUPED, ProtocolSettings  # noqa: E402
from cxr.training.run import TrainingRun  # noqa: E402

SHARE, FOLDS = 0.05, 5


def flipped(cohort, classes, rng):
    """The cohort with wrong labels, and the image_ids of these."""
    rows = rng.choice(len(cohort), size=round(SHARE * len(cohort)), replace=False)
    names = cohort["class"].astype("object").to_numpy(copy=True)
    for row in rows:
        names[row] = rng.choice([name for name in classes if name != names[row]])
    return cohort.assign(**{"class": names}), set(cohort["image_id"].iloc[rows])


def reviewed(study, folder, run, seed):
    """The review list of a cohort with flipped labels, and the flipped images."""
    classes, images = list(run.classes), np.load(folder / "images.npy")
    cohort, wrong = flipped(
        read_table(folder / "cohort.parquet"), classes, np.random.default_rng(seed)
    )
    protocols = ProtocolSettings(folds=FOLDS, leave_source_out=False, random_split=False, repeats=1)
    shares = typed(SplitShares, study["cohort"]["splits"])
    folds = divide_protocols(cohort, DivisionSettings(protocols, shares, (), study["seed"]))
    with tempfile.TemporaryDirectory() as scratch:
        checkpoint = Path(scratch) / "checkpoint.pt"
        parts = [
            predict_part(
                PartSettings(part, GROUPED, run), cohort, folds, images, None, checkpoint, "review"
            )
            for part in folds.loc[folds["protocol"] == GROUPED, "part"].unique()
        ]
        trained = run.fit(cohort, images, None, checkpoint, "review")
    network, size = trained.network, trained.image_size
    predictions, _ = predict_images(network, cohort, images, size, classes, [], run.device)
    features, _ = extract_features(network, images, size, device=run.device)
    lists = [read_csv(folder / name) for name in ("excluded.csv", "rejected.csv")]
    main = main_predictions(predictions, parts)
    table = review_list(ReviewStudy(cohort, images, features, main, pd.concat(lists), classes))
    return table, wrong, (main["predicted"] == main["class"]).mean()


def report(folder, repeats):
    """The table, a row a draw of flips."""
    study = resolve(yaml.safe_load((ROOT / "config/config.yaml").read_text()))
    settings = {"classes": list(study["cohort"]["classes"]), "seed": study["seed"]}
    run = typed(TrainingRun, settings | {"model": study["models"]["conv5"], "device": "cpu"})
    print("| draw | images | flipped | accuracy on these labels | in the first 5% | 10% | named |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for seed in range(1, repeats + 1):
        table, wrong, accuracy = reviewed(study, folder, run, seed)
        found = table["image_id"].isin(wrong)
        named = table["reason"].fillna("").str.contains(LABEL_ERROR)
        shares = [found.head(round(part * len(table))).sum() / len(wrong) for part in (0.05, 0.1)]
        shares.append((found & named).sum() / len(wrong))
        cells = " | ".join(f"{share:.0%}" for share in (accuracy, *shares))
        print(f"| {seed} | {len(table)} | {len(wrong)} | {cells} |", flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", nargs="?", type=Path, default=ROOT / "results/demo")
    parser.add_argument("--repeats", type=int, default=1, help="draws of flips")
    options = parser.parse_args()
    report(options.folder, options.repeats)
