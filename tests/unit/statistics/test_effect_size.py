"""Effect sizes are those of SciPy, of an analysis of variance, and without bias."""

import numpy as np
import pytest
from scipy.stats import chi2_contingency, f_oneway

from cxr.statistics.effect_size import chi_square, correlation_ratio, cramers_v


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
    result = correlation_ratio(values, clusters, np.ones((1, 90)))[0] ** 2
    f = f_oneway(*(values[clusters == k] for k in range(3))).statistic
    assert result == pytest.approx(f * 2 / (f * 2 + 87))
    assert np.isnan(correlation_ratio(np.ones(90), clusters, np.ones((1, 90)))[0])


def test_cramers_v_of_hair_and_eyes():
    """The 592 students of Snee (1974), chi-square 138.29 with 9 degrees of freedom."""
    table = np.array([[68, 20, 15, 5], [119, 84, 54, 29], [26, 17, 14, 14], [7, 94, 10, 16]])
    assert chi_square(table.astype(float)) == pytest.approx(138.29, abs=0.005)
    # phi2 = 138.29 / 592 - 9 / 591 = 0.21837, both sides 4 - 9 / 591.
    assert cramers_v(table.astype(float)) == pytest.approx(np.sqrt(0.21837 / 2.98477), abs=1e-4)


def test_the_shorter_side_is_the_most_that_an_association_can_be():
    """Two by three, 360 observations: the rows are the shorter side, or the columns."""
    table = np.array([[68.0, 20, 15], [119, 84, 54]])
    phi2 = chi2_contingency(table, correction=False).statistic / 360 - 2 / 359
    for turned in (table, table.T):
        assert cramers_v(turned) == pytest.approx(np.sqrt(phi2 / (1 - 1 / 359)))


def test_empty_rows_and_columns_are_none():
    table = np.array([[68.0, 20, 15], [119, 84, 54]])
    padded = np.zeros((4, 5))
    padded[np.ix_([0, 2], [1, 2, 4])] = table
    assert cramers_v(padded) == pytest.approx(cramers_v(table))
    assert chi_square(padded) == pytest.approx(chi_square(table))
    for one_way in (np.diag([9.0, 0]), np.array([[3.0, 4.0]]), np.array([[3.0], [4.0]])):
        assert np.isnan(cramers_v(one_way))
    assert np.isnan(cramers_v(np.array([[0.0, 3, 0], [0, 4, 0]])))


def test_cramers_v_is_defined_where_two_observations_share_a_row_or_column():
    assert np.isnan(cramers_v(np.eye(3)))
    assert cramers_v(np.diag([2.0, 1, 1])) == pytest.approx(1)
    assert cramers_v(np.diag([1.0, 2.0])) == pytest.approx(1)


def test_cramers_v_is_between_0_and_1_and_each_table_its_own():
    tables = np.stack([np.diag([9.0, 9]), np.full((2, 2), 5.0), np.array([[9.0, 3], [3, 9]])])
    together = cramers_v(tables)
    assert together.tolist() == [cramers_v(table) for table in tables]
    assert together[0] == 1
    assert together[1] == 0, "less association than chance gives is none"
    assert 0 < together[2] < 1


def test_weights_of_the_correlation_ratio_are_repeats(rng):
    clusters, values = rng.integers(0, 4, 50), rng.normal(size=50) + 100
    counts = rng.integers(0, 4, (5, 50))
    counts[4, clusters == 2] = 0  # a cluster that no draw holds
    for row, eta in zip(counts, correlation_ratio(values, clusters, counts * 1.0), strict=True):
        repeated, labels = np.repeat(values, row), np.repeat(clusters, row)
        f = f_oneway(*(repeated[labels == k] for k in np.unique(labels))).statistic
        between = f * (len(np.unique(labels)) - 1)
        share = between / (between + len(labels) - len(np.unique(labels)))
        assert eta**2 == pytest.approx(share)


def test_the_correlation_ratio_by_hand():
    # Two of each group; means 1, 3 and 8, the grand mean 4: 52 of 58 lie between.
    values = np.array([0.0, 2, 2, 4, 7, 9])
    clusters = np.array([0, 0, 1, 1, 2, 2])
    assert correlation_ratio(values, clusters, np.ones((1, 6))) == pytest.approx(np.sqrt(52 / 58))
    # A cluster of one: means 1 and 7, the grand mean 3; 24 of 26.
    lone = correlation_ratio(np.array([0.0, 2, 7]), np.array([0, 0, 1]), np.ones((1, 3)))
    assert lone == pytest.approx(np.sqrt(24 / 26))
    scaled = correlation_ratio(1e-3 * values + 5, clusters, np.ones((1, 6)))
    assert scaled == pytest.approx(np.sqrt(52 / 58))
    same = correlation_ratio(np.array([1.0, 3, 1, 3]), np.array([0, 0, 1, 1]), np.ones((1, 4)))
    assert same == 0
