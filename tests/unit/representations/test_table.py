"""What representations know: of class and fields, of held-out patients, and who agrees."""

import numpy as np
import pytest
from sklearn.metrics import adjusted_rand_score

from cxr.features.tables import features_table
from cxr.representations.probes import ALL, LINEAR, NEAREST, TEST
from cxr.representations.table import (
    AGREEMENT,
    AVERAGE_PRECISION,
    COLUMNS,
    CORRELATION,
    ERROR,
    PRECISION,
    class_rows,
)
from tests.helpers.representations import clusters_of, compared, features_of, study_of


def value(table, name, measure, field="class", scope=ALL):
    (row,) = table[
        (table["representation"] == name)
        & (table["measure"] == measure)
        & (table["field"] == field)
        & (table["scope"] == scope)
    ].to_dict("records")
    return row


def test_what_features_hold_is_found_and_nothing_else(rng):
    cohort, metadata = study_of(rng)
    tables = {
        "disease": features_of(cohort, rng, of_class=3),
        "site": features_of(cohort, rng, of_source=3),
        "noise": features_of(cohort, rng),
    }
    table = compared(cohort, metadata, tables)
    assert list(table.columns) == list(COLUMNS)
    for measure, least in ((LINEAR, 0.97), (NEAREST, 0.85), (PRECISION, 0.7)):
        for name, field in (("disease", "class"), ("site", "source")):
            row = value(table, name, measure, field)
            assert row["value"] > least
            assert row["chance"] == pytest.approx(0.5, abs=0.01)
            assert (row["units"], row["patients"]) == (8, 60)
            others = {"disease", "site", "noise"} - {name}
            assert all(value(table, o, measure, field)["value"] < 0.68 for o in others)
    row = value(table, "noise", LINEAR)
    assert row["low"] < 0.5 < row["high"]
    assert 0.1 < row["high"] - row["low"] < 0.4
    average = value(table, "disease", AVERAGE_PRECISION)
    assert average["low"] < average["value"] < average["high"]
    # One view alone says nothing, and is not measured.
    assert set(table["field"]) == {"class", "source", "sex"}


def test_of_what_saw_the_classes_the_test_images_alone_count(rng):
    """A network that learned its training images by heart looks perfect on these."""
    cohort, metadata = study_of(rng)
    tables = {
        "by heart": features_of(cohort, rng, of_training=4),
        "encoder": features_of(cohort, rng, of_class=3),
    }
    table = compared(cohort, metadata, tables, saw=("by heart",))
    assert set(table.loc[table["representation"] == "by heart", "scope"]) == {TEST}
    probes = table[table["measure"] == LINEAR]
    assert set(probes.loc[probes["representation"] == "by heart", "scope"]) == {TEST}
    assert set(probes.loc[probes["representation"] == "encoder", "scope"]) == {TEST, ALL}
    assert value(table, "by heart", LINEAR, scope=TEST)["value"] < 0.8
    assert value(table, "encoder", LINEAR, scope=TEST)["value"] > 0.9
    assert (
        value(table, "encoder", LINEAR, scope=TEST)["images"] == (cohort["split"] == "test").sum()
    )
    assert set(class_rows(table, LINEAR)["scope"]) == {TEST}
    assert set(class_rows(compared(cohort, metadata, tables), LINEAR)["scope"]) == {ALL}


def test_patients_are_not_recognised(rng):
    """Features that tell patients apart and nothing else know no class."""
    cohort, metadata = study_of(rng)
    patients = features_of(cohort, rng)
    units = [name for name in patients if name.startswith("f")]
    patients[units] = patients[units].to_numpy()[::2].repeat(2, axis=0)
    table = compared(cohort, metadata, {"patients": patients})
    for measure in (LINEAR, NEAREST, PRECISION):
        assert value(table, "patients", measure)["value"] < 0.7


def test_severity_is_estimated_from_other_patients(rng):
    cohort, metadata = study_of(rng)
    extent = np.where(np.arange(len(cohort)) < 30, np.linspace(0, 32, len(cohort)), np.nan)
    metadata = metadata.assign(severity_extent=extent, severity_opacity=0.7 * extent)
    known = np.nan_to_num(extent)
    tables = {"severe": features_of(cohort, rng, severity=known), "noise": features_of(cohort, rng)}
    table = compared(cohort, metadata, tables)
    for field, name in (("severity_extent", "severe"), ("severity_opacity", "severe")):
        assert value(table, name, CORRELATION, field)["value"] > 0.9
        error = value(table, name, ERROR, field)
        assert error["high"] < error["chance"]
    noise = value(table, "noise", ERROR, "severity_extent")
    assert noise["value"] > 0.8 * noise["chance"]


def test_clusters_agree_as_scikit_learn_says(rng):
    cohort, metadata = study_of(rng)
    labels = rng.integers(-1, 3, len(cohort))
    other = np.where(rng.random(len(cohort)) < 0.7, labels, rng.integers(-1, 3, len(cohort)))
    tables = {name: features_of(cohort, rng) for name in ("one", "other", "none")}
    clusters = {
        "one": clusters_of(cohort, labels),
        "other": clusters_of(cohort, other).iloc[10:],
        "none": clusters_of(cohort, np.full(len(cohort), -1)),
    }
    table = compared(cohort, metadata, tables, clusters=clusters)
    rows = table[table["measure"] == AGREEMENT]
    assert sorted(zip(rows["representation"], rows["other"], strict=True)) == [
        ("one", "other"),
        ("other", "one"),
    ]
    expected = adjusted_rand_score(labels[10:], other[10:])
    assert rows["value"].tolist() == pytest.approx([expected, expected], abs=1e-6)


def test_all_are_measured_on_the_same_images(rng):
    """An image that one encoder could not read counts for none."""
    cohort, metadata = study_of(rng)
    tables = {"whole": features_of(cohort, rng), "part": features_of(cohort, rng).iloc[3:]}
    table = compared(cohort, metadata, tables)
    assert set(table.loc[table["measure"] == LINEAR, "images"]) == {117}


def test_features_wider_than_the_images_are_many(rng):
    cohort, metadata = study_of(rng)
    narrow = features_of(cohort, rng, of_class=3)
    units = [name for name in narrow if name.startswith("f")]
    wide = features_table(cohort, np.hstack([narrow[units].to_numpy()] * 30))
    table = compared(cohort, metadata, {"wide": wide})
    assert value(table, "wide", LINEAR)["value"] > 0.97
    assert value(table, "wide", LINEAR)["units"] == 240
