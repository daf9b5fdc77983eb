"""Clusters against fields: the correct effect size, and no more false positives than alpha."""

import warnings

import numpy as np
import pandas as pd
import pytest

from cxr.statistics.association import (
    ASSOCIATION_COLUMNS,
    _less_bias,
    adjust_p_values,
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


def alone(clusters, field, permutations=199, seed=0, missing="dropped"):
    """One field of images of as many patients."""
    owners = np.array([f"p{i}" for i in range(len(clusters))])
    fields = pd.DataFrame({"field": pd.Series(field)})
    table = association_table(np.asarray(clusters), owners, fields, permutations, seed)
    return table.set_index("missing").loc[missing]


def test_p_values_are_adjusted_as_benjamini_and_hochberg_did():
    """The fifteen p values of their paper, of which four are significant at 5%."""
    p = [0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459]
    p += [0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1.0000]
    table = pd.DataFrame({"missing": "level", "p": p, "q": np.nan})
    other = pd.DataFrame({"missing": "dropped", "p": [0.04, np.nan], "q": np.nan})
    adjusted = adjust_p_values(pd.concat([table, other], ignore_index=True))
    assert (adjusted["q"] <= 0.05).sum() == 4 + 1
    assert adjusted["q"].iloc[0] == pytest.approx(0.0015)
    assert adjusted["q"].iloc[3] == pytest.approx(0.0095 * 15 / 4)
    # Rows that treat missing values in another way are a family of their own.
    assert adjusted["q"].iloc[15] == 0.04
    assert np.isnan(adjusted["q"].iloc[16])


def test_the_p_value_is_fishers_of_all_permutations():
    """Lady tasting tea: of 70 ways to pick four of eight cups two are all right or all wrong."""
    row = alone([0, 0, 0, 0, 1, 1, 1, 1], list("mmmmtttt"), 999)
    assert row["p"] == pytest.approx(2 / 70, abs=0.015)
    # One cup wrong: 2 + 2 * 16 of 70.
    row = alone([0, 0, 0, 0, 1, 1, 1, 1], list("mmmtmttt"), 499)
    assert row["p"] == pytest.approx(34 / 70, abs=0.07)


def test_a_permutation_that_changes_nothing_counts():
    row = alone([0, 0, 1, 1, 1], list("aabbb"), 1)
    assert row["p"] in (0.5, 1.0)
    assert alone([0, 1], list("ab"), 49)["p"] == 1


def test_the_p_value_of_a_number_is_that_of_all_permutations():
    # Of 20 ways to divide six numbers two set the three lowest apart.
    row = alone([0, 0, 0, 1, 1, 1], [1.0, 2.0, 3.0, 7.0, 8.0, 9.0], 999)
    assert row["measure"] == "correlation_ratio"
    assert row["p"] == pytest.approx(0.1, abs=0.03)
    assert row["effect"] == pytest.approx(np.sqrt(54 / 58), abs=1e-6)


def test_the_mean_effect_under_permutation_is_the_expected_one():
    # Between two groups of 50 eta^2 is beta(1/2, 98/2): its root has a mean of 0.0805.
    rng = np.random.default_rng(0)
    row = alone(np.arange(100) % 2, rng.normal(size=100), 999)
    assert row["null_mean"] == pytest.approx(0.0805, abs=0.006)


def test_numbers_with_missing_values_are_in_fifths():
    numbers = np.arange(50.0)
    numbers[40:] = np.nan
    row = alone(np.arange(50) % 2, numbers, 9, missing="level")
    assert (row["levels"], row["images"], row["measure"]) == (6, 50, "cramers_v")
    row = alone(np.repeat([0, 1, 2, 3, 4], 10), np.arange(50.0), 9, missing="level")
    assert (row["levels"], row["effect"], row["ami"]) == (5, 1, 1), "the clusters are the fifths"
    shifted = alone(np.repeat([0, 1, 2, 3, 4], 10), np.arange(50.0) % 49, 9, missing="level")
    assert shifted["effect"] < 1


def test_the_effect_is_that_of_all_images_and_its_interval_has_no_bias():
    # chi2 of this table is 18, phi2 0.18 - 1 / 99, both sides 2 - 1 / 99.
    clusters = np.repeat([0, 0, 1, 1], [40, 20, 10, 30])
    field = np.repeat(["a", "b", "a", "b"], [40, 20, 10, 30])
    row = alone(clusters, field, 9)
    expected = np.sqrt((100 * (40 * 30 - 20 * 10) ** 2 / (60 * 40 * 50 * 50) - 100 / 99) / 100)
    assert row["effect"] == pytest.approx(expected / np.sqrt(1 - 1 / 99), abs=1e-6)
    assert row["low"] < row["effect"] < row["high"]
    assert row["effect"] - row["low"] == pytest.approx(row["high"] - row["effect"], abs=0.05)
    # The standard error of V is near 1 / sqrt(n): the interval has about twice 1.96 of them.
    assert row["high"] - row["low"] == pytest.approx(2 * 1.96 / 10, rel=0.2)


def test_a_number_that_chance_gives_has_no_effect_beyond_its_bias(rng):
    """Ten groups of four have a large eta by chance; replicates have a larger one still."""
    row = alone(np.arange(40) % 10, rng.normal(size=40), 99)
    assert row["low"] < row["effect"] < row["high"]
    assert row["p"] > 0.01


def test_fields_are_sorted_by_what_they_tell():
    clusters, owners = np.repeat([0, 1], 30), np.array([f"p{i}" for i in range(60)])
    weak = np.where(np.arange(60) % 10 == 0, 1 - clusters, clusters)
    fields = pd.DataFrame(
        {
            "weak": np.array(list("ab"))[weak],
            "none": "x",
            "all": np.array(list("ab"))[clusters],
            "both": np.array(list("cd"))[clusters],
        }
    )
    table = association_table(clusters, owners, fields, 19, 0)
    assert table["field"].tolist() == ["all", "both", "weak", "none"] * 2
    assert table["missing"].tolist() == ["level"] * 4 + ["dropped"] * 4
    assert table["patients"].tolist() == [60] * 8
    assert table["q"].iloc[0] == pytest.approx(0.05), "three tested, all with the smallest p"


def test_equally_informative_fields_are_sorted_by_their_effect():
    """A number and its fifths tell the same; the number goes up and down between clusters."""
    fifths, owners = np.repeat(np.arange(5), 10), np.array([f"p{i}" for i in range(50)])
    fields = pd.DataFrame({"a": np.arange(50.0), "b": fifths.astype(str).astype(object)})
    table = association_table(fifths % 2, owners, fields, 9, 0)
    dropped = table.loc[table["missing"] == "dropped"]
    assert len(set(dropped["ami"])) == 1
    assert dropped["field"].tolist() == ["b", "a"]
    assert dropped["measure"].tolist() == ["cramers_v", "correlation_ratio"]


def test_replicates_are_moved_by_the_bias_and_the_effect_stays():
    moved = _less_bias(np.array([0.5, 0.6, 0.7, 0.8, np.nan]))
    np.testing.assert_allclose(moved, [0.5, 0.4, 0.5, 0.6, np.nan])
    np.testing.assert_allclose(_less_bias(np.array([0.9, 0.2, 0.4, 0.6])), [0.9, 0.7, 0.9, 1])
    np.testing.assert_allclose(_less_bias(np.array([0.1, 0.2, 0.4, 0.6])), [0.1, 0, 0.1, 0.3])
    np.testing.assert_allclose(_less_bias(np.array([0.1, np.nan])), [0.1, np.nan])


def test_another_seed_makes_other_draws(rng):
    clusters = rng.integers(0, 2, 40)
    field = rng.normal(size=40) + clusters
    one, two, other = (alone(clusters, field, 99, seed) for seed in (0, 0, 1))
    assert one["null_mean"] == two["null_mean"] != other["null_mean"]
    assert one["low"] == two["low"] != other["low"]


def test_within_strata_the_p_value_is_that_of_all_permutations_within_them():
    """Two tables of six images, in each of which 2 of 20 permutations are as extreme."""
    clusters = np.tile([0, 0, 0, 1, 1, 1], 2)
    field, strata = pd.Series(list("aaabbb") * 2), pd.Series(["x"] * 6 + ["y"] * 6)
    owners = np.array([f"p{i:02d}" for i in range(12)])
    result = stratified_association(clusters, owners, field, strata, 1999, 0)
    counts = {"images": 12, "patients": 12, "strata": 2, "exchangeable": 12}
    assert result == counts | {"p": pytest.approx(4 / 400, abs=0.007)}
    # Opposite in the two strata is as extreme, though there is nothing over all.
    other = pd.Series(list("aaabbbbbbaaa"))
    opposite = stratified_association(clusters, owners, other, strata, 1999, 0)
    assert opposite["p"] == pytest.approx(4 / 400, abs=0.007)
    whole = stratified_association(clusters, owners, other, pd.Series(["x"] * 12), 199, 0)
    assert whole["p"] == 1


def test_strata_in_which_nothing_can_be_exchanged_have_no_p_value():
    clusters, field = np.array([0, 1, 0, 1, -1]), pd.Series(list("abaab"))
    owners = np.array([f"p{i}" for i in range(5)])
    each = pd.Series(list("vwxyz"))
    result = stratified_association(clusters, owners, field, each, 9, 0)
    assert result == {"images": 4, "patients": 4, "strata": 4, "exchangeable": 0, "p": None}
    # In one stratum the field has one level, in the other one there is one cluster.
    strata = pd.Series(["x", "x", "y", "y", "y"])
    one_level, one_cluster = pd.Series(["a", "a", "a", "b", "b"]), np.array([0, 1, 0, 0, 0])
    result = stratified_association(one_cluster, owners, one_level, strata, 9, 0)
    assert (result["exchangeable"], result["p"]) == (5, None)
    missing = stratified_association(clusters, owners, pd.Series([None] * 5), strata, 9, 0)
    assert missing == {"images": 0, "patients": 0, "strata": 0, "exchangeable": 0, "p": None}
