"""Parts of the patients that networks are not trained on."""

import numpy as np
import pandas as pd

from cxr.cohort.splits import SplitShares
from cxr.similarity.folds import FoldSettings, fold_of

SPLITS = SplitShares(validation=0.15, test=0.2)


def cohort_of(patients):
    owner = np.arange(2 * patients * 2) // 2
    return pd.DataFrame(
        {
            "image_id": [f"i{number:03d}" for number in range(len(owner))],
            "class": np.where(owner % 2, "a", "b"),
            "split": "train",
            "split_group": owner,
        }
    )


def test_no_network_saw_the_patients_that_it_searches():
    cohort = cohort_of(12)
    folds = [fold_of(cohort, FoldSettings(fold, 2, SPLITS), 0) for fold in (1, 2)]
    tests = [set(fold.loc[fold["split"] == "test", "split_group"]) for fold in folds]
    assert tests[0] | tests[1] == set(cohort["split_group"])
    assert not tests[0] & tests[1]
    for fold, test in zip(folds, tests, strict=True):
        assert not test & set(fold.loc[fold["split"] != "test", "split_group"])
        assert set(fold.loc[fold["split"] == "train", "class"]) == {"a", "b"}


def test_too_few_patients_cost_the_parts_and_not_the_run():
    assert fold_of(cohort_of(4), FoldSettings(1, 2, SPLITS), 0).empty
    # One patient owns most of a class, so that the others are hardly enough for a fold.
    sizes = [1] * 30 + [20] + [1] * 7
    owners = np.repeat(np.arange(len(sizes)), sizes)
    skewed = pd.DataFrame(
        {"image_id": [f"i{i}" for i in range(len(owners))], "split_group": owners}
    )
    skewed["class"], skewed["split"] = np.where(owners < 30, "a", "b"), "train"
    assert all(fold_of(skewed, FoldSettings(fold, 2, SPLITS), 0).empty for fold in (1, 2))
