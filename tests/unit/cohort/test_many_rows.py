"""What is decided once for many rows is what deciding it for each row gives."""

import zlib

import numpy as np
import pandas as pd
import pytest

from cxr.cohort.drawing import draw_order, wanted
from cxr.cohort.selection import ClassRule, assign_classes
from cxr.cohort.tags import multi_hot
from cxr.metadata.findings import keys

FINDINGS = (None, "No finding", "COVID-19", "COVID-19, ARDS", "ARDS", "no COVID-19", "x")
CLASSES = {
    "covid": ClassRule(("COVID-19", "x")),
    "ards": ClassRule(("ARDS",), without=("viral pneumonia",)),
    "normal": ClassRule(("No finding",), sources=("a",)),
}


@pytest.fixture
def table(rng):
    n = 500
    index = rng.permutation(3 * n)[:n]
    columns = {"source": rng.choice(["a", "b"], n), "finding": rng.choice(FINDINGS, n)}
    patients = [f"p{k}" for k in rng.integers(0, 150, n)]
    return pd.DataFrame(columns, index).astype("str").assign(patient_id=patients)


def test_each_row_has_the_class_that_it_has_alone(table):
    labels, reasons = assign_classes(table, CLASSES)
    alone = [assign_classes(table.loc[[at]], CLASSES) for at in table.index]
    pd.testing.assert_series_equal(labels, pd.concat([label for label, _ in alone]))
    pd.testing.assert_series_equal(reasons, pd.concat([reason for _, reason in alone]))
    assert set(labels.dropna()) == set(CLASSES)
    assert reasons.str.startswith("fits several classes").any()
    nothing = assign_classes(table.iloc[:0], CLASSES)
    assert [len(series) for series in nothing] == [0, 0]


@pytest.mark.parametrize("first", [(), ("COVID-19",), ("ARDS", "x")])
def test_images_are_drawn_in_the_order_of_a_draw_of_single_rows(table, first):
    rng = np.random.default_rng([7, zlib.crc32(b"covid")])
    seen, rounds = {}, []
    for place, at in enumerate(rng.permutation(len(table))):
        finding, patient = table["finding"].iloc[at], table["patient_id"].iloc[at]
        later = not any(terms <= keys(finding) for terms in wanted(first))
        turn = seen[patient, later] = seen.get((patient, later), -1) + 1
        rounds.append((later, turn, place, table.index[at]))
    assert draw_order(table, first, 7, "covid").tolist() == [row[-1] for row in sorted(rounds)]


def test_tags_are_where_they_are_listed(rng):
    names = ["sex: F", "sex: M", "view: AP"]
    listed = [list(rng.permutation([*names, "other"])[: rng.integers(0, 5)]) for _ in range(200)]
    expected = [[name in tags for name in names] for tags in listed]
    hot = multi_hot(pd.DataFrame({"tags": listed}), names)
    np.testing.assert_array_equal(hot, np.array(expected))
    # Cohorts are read from Parquet, where lists are arrays.
    np.testing.assert_array_equal(
        multi_hot(pd.DataFrame({"tags": map(np.array, listed)}), names), hot
    )
