"""Clusters against fields: the right strength, and no more discoveries than chance gives."""

import warnings

import numpy as np
import pandas as pd
import pytest
from scipy.stats import chi2_contingency, f_oneway

from cxr.statistics.association import (
    ASSOCIATION_COLUMNS,
    association_table,
    stratified_association,
)
from cxr.statistics.effect_size import chi_square, correlation_ratio, cramers_v
from cxr.statistics.permutation import (
    PatientPermutation,
    bootstrap_patients,
    halve_patients,
    subsample_patients,
)
from tests.helpers.null_features import SIZES, patients

OWNER = patients()
CODES = np.unique(OWNER, return_inverse=True)[1]


def per_patient(values, rng):
    """One of some values for each patient, at every image."""
    return rng.choice(values, len(SIZES))[CODES]


def asked(clusters, permutations=199, **fields):
    table = association_table(clusters, OWNER, pd.DataFrame(fields), permutations, 0)
    return table.set_index(["missing", "field"])


def test_chi_square_is_scipys(rng):
    tables = rng.integers(1, 20, (5, 3, 4)).astype(float)
    expected = [chi2_contingency(table, correction=False).statistic for table in tables]
    np.testing.assert_allclose(chi_square(tables), expected)


def test_cramers_v_is_corrected_for_bias(rng):
    perfect = np.diag([20.0, 30.0, 25.0])
    assert cramers_v(perfect) == pytest.approx(1)
    chance = np.array(
        [
            np.histogram2d(rng.integers(0, 3, 60), rng.integers(0, 12, 60), (3, 12))[0]
            for _ in range(300)
        ]
    )
    plain = np.sqrt(chi_square(chance) / 60 / 2)
    assert plain.mean() > 0.35
    assert cramers_v(chance).mean() < 0.12
    # Worked by hand: chi2 = 8, n = 50, phi2 = 0.16 - 1 / 49, both sides 2 - 1 / 49.
    table = np.array([[17.5, 7.5], [7.5, 17.5]])
    assert cramers_v(table) == pytest.approx(np.sqrt((0.16 - 1 / 49) / (1 - 1 / 49)))
    assert np.isnan(cramers_v(np.array([[3.0, 4.0], [0.0, 0.0]])))


def test_the_correlation_ratio_is_that_of_an_analysis_of_variance(rng):
    clusters = rng.integers(0, 3, 90)
    values = rng.normal(size=90) + clusters
    found = correlation_ratio(values, clusters, np.ones((1, 90)))[0] ** 2
    f = f_oneway(*(values[clusters == k] for k in range(3))).statistic
    assert found == pytest.approx(f * 2 / (f * 2 + 87))
    assert np.isnan(correlation_ratio(np.ones(90), clusters, np.ones((1, 90)))[0])


def test_a_field_that_is_the_clusters_is_found(rng):
    clusters = per_patient([0, 1, 2], rng)
    names = np.array(["A", "B", "C"], dtype=object)
    found = asked(
        clusters,
        country=names[clusters],
        sex=per_patient(np.array(["M", "F"], dtype=object), rng),
        width=1000.0 + 100 * clusters,
    )
    for missing in ("level", "dropped"):
        row = found.loc[(missing, "country")]
        assert row["effect"] == pytest.approx(1, abs=1e-6)
        assert row["ami"] == pytest.approx(1)
        assert row["p"] == 1 / 200
        assert row["q"] <= 0.05
        assert found.loc[(missing, "sex"), "q"] > 0.05
        assert found.loc[(missing, "width"), "p"] == 1 / 200
    assert found.loc[("dropped", "width"), "measure"] == "correlation_ratio"
    assert list(found.reset_index().columns.sort_values()) == sorted(ASSOCIATION_COLUMNS)


def test_what_chance_gives_stands_beside_an_effect(rng):
    clusters = per_patient([0, 1, 2], rng)
    wards = np.array([f"w{n}" for n in range(30)], dtype=object)
    names = np.array(["A", "B", "C"], dtype=object)
    found = asked(clusters, ward=per_patient(wards, rng), country=names[clusters])
    ward, country = found.loc[("dropped", "ward")], found.loc[("dropped", "country")]
    assert ward["null_mean"] > 0.3, "few patients with many values"
    assert ward["effect"] == pytest.approx(ward["null_mean"], abs=0.15)
    assert country["null_mean"] < 0.2 < country["effect"]


@pytest.mark.parametrize(("n", "k"), [(12, 3), (15, 3), (30, 3), (40, 2), (52, 4)])
def test_where_every_patient_has_a_value_of_its_own_nothing_is_defined(n, k):
    owners = np.array([f"p{i}" for i in range(n)])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = association_table(np.arange(n) % k, owners, pd.DataFrame({"own": owners}), 9, 0)
    assert found[["null_mean", "effect"]].isna().all(axis=None)


def test_missing_values_are_a_level_and_are_dropped(rng):
    clusters = per_patient([0, 1], rng)
    told = np.where(clusters == 0, "Italy", None).astype(object)
    found = asked(clusters, country=told)
    assert found.loc[("level", "country"), "effect"] == pytest.approx(1)
    assert found.loc[("level", "country"), "images"] == len(OWNER)
    dropped = found.loc[("dropped", "country")]
    assert dropped["images"] == (clusters == 0).sum()
    assert dropped["levels"] == 1
    assert pd.isna(dropped["p"])
    assert pd.isna(dropped["effect"])


def test_outliers_take_no_part(rng):
    clusters = per_patient([-1, 0, 1], rng)
    field = np.where(clusters == -1, "outlier", "inside").astype(object)
    row = asked(clusters, field=field).loc[("level", "field")]
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
        found = asked(clusters, 99, constant=constant, changing=changing)
        for name in rejected:
            rejected[name] += found.loc[("level", name), "p"] <= 0.05
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


def test_whole_patients_are_exchanged(rng):
    exchange = PatientPermutation(OWNER)
    constant = per_patient(np.arange(1000), rng)
    for _ in range(20):
        moved = constant[exchange.draw(rng)]
        assert all(len(set(moved[patient == OWNER])) == 1 for patient in set(OWNER))
        # Every patient's value is somewhere.
        assert set(moved) == set(constant)
    assert exchange.exchangeable == len(SIZES)
    parted = [set(exchange.sizes[group]) for group in exchange.groups]
    assert len(parted) > 1
    assert sum(map(len, parted)) == len(set(exchange.sizes)), "as many images, one group"
    assert all(len(group) >= 5 for group in exchange.groups)


def test_within_strata_patients_stay(rng):
    strata = per_patient(np.array(["x", "y", "z"]), rng)
    strata[0] = "alone"  # the first patient has one image
    exchange = PatientPermutation(OWNER, strata)
    assert exchange.exchangeable == len(SIZES) - 1
    source = exchange.draw(rng)
    np.testing.assert_array_equal(strata[source], strata)
    assert source[0] == 0


def test_a_country_that_is_its_publication_tells_nothing_more(rng):
    clusters = per_patient([0, 1, 2], rng)
    doi = per_patient(np.array([f"10.1/{i}" for i in range(6)], dtype=object), rng)
    country = pd.Series(doi).map({f"10.1/{i}": "ab"[i % 2] for i in range(6)})
    found = stratified_association(clusters, OWNER, country, pd.Series(doi), 99, 0)
    assert found["p"] is None
    assert found["strata"] == 6
    other = pd.Series(np.array(list("abc"), dtype=object)[clusters])
    assert stratified_association(clusters, OWNER, other, pd.Series(doi), 199, 0)["p"] == 1 / 200
    nothing = pd.Series([None] * len(OWNER), dtype=object)
    assert stratified_association(clusters, OWNER, nothing, pd.Series(doi), 99, 0)["images"] == 0


def test_halves_and_samples_are_of_whole_patients(rng):
    half = halve_patients(OWNER, rng)
    assert not set(OWNER[half]) & set(OWNER[~half])
    assert len(set(OWNER[half])) == len(SIZES) // 2
    share = subsample_patients(OWNER, 0.8, rng)
    assert len(set(OWNER[share])) == round(0.8 * len(SIZES))
    drawn = bootstrap_patients(OWNER, rng)
    assert len(drawn) == len(set(drawn))
    for images in (share, drawn):
        assert np.isin(OWNER, list(set(OWNER[images]))).sum() == len(images)
    assert 0.55 < len(set(OWNER[drawn])) / len(SIZES) < 0.72


def test_an_interval_holds_its_effect(rng):
    clusters = per_patient([0, 1, 2], rng)
    names = per_patient(np.array([f"10.1/{i}" for i in range(25)], dtype=object), rng)
    for field in (names, np.array(list("abc"), dtype=object)[clusters]):
        row = asked(clusters, field=field).loc[("level", "field")]
        assert row["low"] <= row["effect"] <= row["high"]
