"""A network's test images with what is recorded of them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from cxr.cohort.selection import class_codes
from cxr.evaluation.comparison import collect_test_predictions, main_protocol
from cxr.evaluation.predictions import class_probabilities


@dataclass(frozen=True)
class TestImages:
    """Images that a network was not trained on, with its answers.

    Attributes
    ----------
    labels : int array, shape (n,)
    probabilities : float array, shape (n, c)
    patients : array of str, shape (n,)
    """

    __test__ = False

    labels: np.ndarray
    probabilities: np.ndarray
    patients: np.ndarray


@dataclass(frozen=True)
class FieldStudy:
    """A cohort, its recorded fields, and a network's predictions under one protocol.

    Attributes
    ----------
    cohort : DataFrame, n rows
        `image_id, class`.
    fields : DataFrame, n rows
        By image_id, in the order of the cohort: columns of text and numbers, null where
        not recorded.
    folds : DataFrame
        As `cxr.cohort.protocols.divide_protocols` makes it.
    predictions : DataFrame
        Of the test images, with `part`; an image may be in several parts.
    patients : Series
        By image_id.
    classes : sequence of str
    """

    cohort: pd.DataFrame
    fields: pd.DataFrame
    folds: pd.DataFrame
    predictions: pd.DataFrame
    patients: pd.Series
    classes: Sequence[str]

    @property
    def test(self) -> TestImages:
        """The predictions as arrays, in their order."""
        return TestImages(
            class_codes(self.predictions, self.classes),
            class_probabilities(self.predictions, self.classes),
            self.patients.loc[self.predictions["image_id"]].to_numpy(dtype=np.str_),
        )


def main_predictions(study: pd.DataFrame, parts: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """The test images under the protocol of the headline numbers.

    Parameters
    ----------
    study : DataFrame
        The predictions of the study's network.
    parts : sequence of DataFrame
        Those of the networks trained for parts, with `part` and `protocol`.
    """
    test = collect_test_predictions(study, parts)
    is_main = test["protocol"] == main_protocol(list(test["protocol"]))
    return test.loc[is_main].reset_index(drop=True)
