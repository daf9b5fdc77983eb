"""ComBat takes location and scale of levels out of features, shrunk as published."""

import numpy as np
import pytest

from cxr.evidence.combat import harmonise


def batches(rng, sizes=(20, 15, 30), units=40):
    levels = np.repeat(np.arange(len(sizes)), sizes)
    values = rng.gamma(2, 1, (len(levels), units))
    values = values * rng.uniform(0.5, 2, (len(sizes), 1))[levels]
    return values + rng.normal(0, 2, (len(sizes), units))[levels], levels.astype(str)


def published(values, levels):
    """The formulae of the paper's sections 3.1 to 3.3, unit by unit; ours are arrays."""
    n, names = len(values), np.unique(levels)
    result = np.empty_like(values)
    mean, standard, spread = values.mean(axis=0), np.empty_like(values), []
    for g in range(values.shape[1]):
        inner = [values[levels == i, g] - values[levels == i, g].mean() for i in names]
        spread.append(np.sqrt(sum((part**2).sum() for part in inner) / n))
        standard[:, g] = (values[:, g] - mean[g]) / spread[g]
    for i in names:
        z = standard[levels == i]
        gamma, delta = z.mean(axis=0), z.var(axis=0, ddof=1)
        gamma_bar, tau = gamma.mean(), gamma.var(ddof=1)
        v, s = delta.mean(), delta.var(ddof=1)
        lam, theta = (v**2 + 2 * s) / s, (v**3 + v * s) / s
        for g in range(values.shape[1]):
            star, square = gamma[g], delta[g]
            for _ in range(300):
                star = (len(z) * tau * gamma[g] + square * gamma_bar) / (len(z) * tau + square)
                square = (theta + ((z[:, g] - star) ** 2).sum() / 2) / (len(z) / 2 + lam - 1)
            adjusted = spread[g] / np.sqrt(square) * (z[:, g] - star) + mean[g]
            result[levels == i, g] = adjusted
    return result


def test_it_is_the_published_formula(rng):
    values, levels = batches(rng)
    np.testing.assert_allclose(harmonise(values, levels), published(values, levels), atol=1e-4)


def test_levels_have_like_means_and_variances_after_it(rng):
    values, levels = batches(rng, (60, 80))
    after = harmonise(values, levels)

    def differences(table):
        one, other = table[levels == "0"], table[levels == "1"]
        means = np.abs(one.mean(axis=0) - other.mean(axis=0)).mean() / table.std()
        return means, np.abs(np.log(one.var(axis=0) / other.var(axis=0))).mean()

    before_means, before_variances = differences(values)
    means, variances = differences(after)
    assert means < before_means / 10
    assert variances < before_variances / 2
    np.testing.assert_allclose(after.mean(axis=0), values.mean(axis=0), atol=0.1)


def test_of_many_images_it_is_plain_standardisation(rng):
    values, levels = batches(rng, (20_000, 30_000), 3)
    after = harmonise(values, levels)
    pooled = np.sqrt(sum((levels == i).mean() * values[levels == i].var(axis=0) for i in "01"))
    for i in "01":
        part = values[levels == i]
        plain = (part - part.mean(axis=0)) / part.std(axis=0) * pooled + values.mean(axis=0)
        np.testing.assert_allclose(after[levels == i], plain, rtol=0.01, atol=0.02)


def test_neither_names_nor_order_of_levels_matter(rng):
    values, levels = batches(rng)
    renamed = np.array(["c", "a", "b"])[levels.astype(int)]
    order = rng.permutation(len(values))
    after = harmonise(values, levels)
    np.testing.assert_allclose(harmonise(values, renamed), after)
    np.testing.assert_allclose(harmonise(values[order], levels[order]), after[order], rtol=1e-6)


def test_one_level_is_left_nearly_as_it_is(rng):
    values = rng.normal(3, 2, (50, 30))
    after = harmonise(values, np.full(50, "a"))
    assert np.corrcoef(after.ravel(), values.ravel())[0, 1] > 0.98


def test_a_level_of_one_image_is_moved_and_not_scaled(rng):
    values, levels = batches(rng, (30, 30, 1))
    values[-1] += 50
    after = harmonise(values, levels)
    assert np.isfinite(after).all()
    assert np.abs(after[-1] - after[:-1].mean(axis=0)).mean() < 5


@pytest.mark.parametrize("units", [1, 2])
def test_few_units_and_dead_ones_are_no_error(units, rng):
    values, levels = batches(rng, (12, 12), units)
    assert np.isfinite(harmonise(values, levels)).all()
    dead = np.column_stack([values, np.full(24, 7.0), levels.astype(float)])
    after = harmonise(dead, levels)
    np.testing.assert_allclose(after[:, units], 7)
    np.testing.assert_allclose(after[:, units + 1], 0.5)
    alike = np.column_stack([dead, dead[:, :1]])
    alike[levels == "0"] = 1.0
    assert np.isfinite(harmonise(alike, levels)).all()
