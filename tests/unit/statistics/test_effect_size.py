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
