"""Clusters against fields: the correct effect size, and no more false positives than alpha."""

import warnings

import numpy as np
import pandas as pd
import pytest

from cxr.statistics.association import (
    ASSOCIATION_COLUMNS,
    association_table,
    stratified_association,
)
from tests.helpers.null_features import patients, per_patient

OWNER = patients()


def associate(clusters, permutations=199, **fields):
    table = association_table(clusters, OWNER, pd.DataFrame(fields), permutations, 0)
    return table.set_index(["missing", "field"])


def test_a_field_that_is_the_clusters_is_found(rng):
    clusters = per_patient([0, 1, 2], rng)
    names = np.array(["A", "B", "C"], dtype=object)
    result = associate(
        clusters,
        country=names[clusters],
        sex=per_patient(np.array(["M", "F"], dtype=object), rng),
        width=1000.0 + 100 * clusters,
    )
    for missing in ("level", "dropped"):
        row = result.loc[(missing, "country")]
        assert row["effect"] == pytest.approx(1, abs=1e-6)
        assert row["ami"] == pytest.approx(1)
        assert row["p"] == 1 / 200
        assert row["q"] <= 0.05
        assert result.loc[(missing, "sex"), "q"] > 0.05
        assert result.loc[(missing, "width"), "p"] == 1 / 200
    assert result.loc[("dropped", "width"), "measure"] == "correlation_ratio"
    assert list(result.reset_index().columns.sort_values()) == sorted(ASSOCIATION_COLUMNS)


def test_what_chance_gives_stands_beside_an_effect(rng):
    clusters = per_patient([0, 1, 2], rng)
    wards = np.array([f"w{n}" for n in range(30)], dtype=object)
    names = np.array(["A", "B", "C"], dtype=object)
    result = associate(clusters, ward=per_patient(wards, rng), country=names[clusters])
    ward, country = result.loc[("dropped", "ward")], result.loc[("dropped", "country")]
    assert ward["null_mean"] > 0.3, "few patients with many values"
    assert ward["effect"] == pytest.approx(ward["null_mean"], abs=0.15)
    assert country["null_mean"] < 0.2 < country["effect"]


@pytest.mark.parametrize(("n", "k"), [(12, 3), (15, 3), (30, 3), (40, 2), (52, 4)])
def test_where_every_patient_has_a_value_of_its_own_nothing_is_defined(n, k):
    owners = np.array([f"p{i}" for i in range(n)])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        result = association_table(np.arange(n) % k, owners, pd.DataFrame({"own": owners}), 9, 0)
    assert result[["null_mean", "effect"]].isna().all(axis=None)


def test_missing_values_are_a_level_and_are_dropped(rng):
    clusters = per_patient([0, 1], rng)
    recorded = np.where(clusters == 0, "Italy", None).astype(object)
    result = associate(clusters, country=recorded)
    assert result.loc[("level", "country"), "effect"] == pytest.approx(1)
    assert result.loc[("level", "country"), "images"] == len(OWNER)
    dropped = result.loc[("dropped", "country")]
    assert dropped["images"] == (clusters == 0).sum()
    assert dropped["levels"] == 1
    assert pd.isna(dropped["p"])
    assert pd.isna(dropped["effect"])


def test_outliers_take_no_part(rng):
    clusters = per_patient([-1, 0, 1], rng)
    field = np.where(clusters == -1, "outlier", "inside").astype(object)
    row = associate(clusters, field=field).loc[("level", "field")]
    assert row["images"] == (clusters >= 0).sum()
    assert row["levels"] == 1


def test_clusters_and_fields_of_patients_are_seldom_called_associated():
    rejected = {"constant": 0, "changing": 0}
    draws = 150
    for seed in range(draws):
        rng = np.random.default_rng(seed)
        clusters = per_patient([0, 1, 2], rng)
        constant = per_patient(np.array(list("abcdef"), dtype=object), rng)
        changes = rng.random(len(OWNER)) < 0.3
        changing = np.where(changes, rng.choice(list("abcdef"), len(OWNER)), constant)
        result = associate(clusters, 99, constant=constant, changing=changing)
        for name in rejected:
            rejected[name] += result.loc[("level", name), "p"] <= 0.05
    # 5% of 150 are 7.5; more than 15 would happen in one of 200 runs.
    assert max(rejected.values()) <= 15


def test_fields_that_go_with_the_number_of_images_are_seldom_called_associated():
    """Publications with many images of a patient, as reports of single cases are."""
    sizes = np.repeat([1, 2, 3, 5], [70, 20, 8, 6])
    owner = np.repeat([f"p{i:03d}" for i in range(len(sizes))], sizes)
    many = np.repeat(sizes > 2, sizes)
    rejected, draws = 0, 100
    for seed in range(draws):
        rng = np.random.default_rng(seed)
        clusters = np.repeat(rng.integers(0, 3, len(sizes)), sizes)
        doi = np.where(many, owner, "a series").astype(object)
        row = association_table(clusters, owner, pd.DataFrame({"doi": doi}), 99, seed).iloc[0]
        rejected += row["p"] <= 0.05
    # 5% of 100 are 5; more than 12 would happen in one of 700 runs.
    assert rejected <= 12


def test_a_country_that_is_its_publication_tells_nothing_more(rng):
    clusters = per_patient([0, 1, 2], rng)
    doi = per_patient(np.array([f"10.1/{i}" for i in range(6)], dtype=object), rng)
    country = pd.Series(doi).map({f"10.1/{i}": "ab"[i % 2] for i in range(6)})
    result = stratified_association(clusters, OWNER, country, pd.Series(doi), 99, 0)
    assert result["p"] is None
    assert result["strata"] == 6
    other = pd.Series(np.array(list("abc"), dtype=object)[clusters])
    assert stratified_association(clusters, OWNER, other, pd.Series(doi), 199, 0)["p"] == 1 / 200
    nothing = pd.Series([None] * len(OWNER), dtype=object)
    assert stratified_association(clusters, OWNER, nothing, pd.Series(doi), 99, 0)["images"] == 0


def test_an_interval_holds_its_effect(rng):
    clusters = per_patient([0, 1, 2], rng)
    names = per_patient(np.array([f"10.1/{i}" for i in range(25)], dtype=object), rng)
    for field in (names, np.array(list("abc"), dtype=object)[clusters]):
        row = associate(clusters, field=field).loc[("level", "field")]
        assert row["low"] <= row["effect"] <= row["high"]
