"""ComBat without covariates: differences between a field's levels taken out of features.

It serves the question whether clusters survive without these differences, and
prepares no data: where clusters and levels coincide it takes out the clusters too.
"""

import numpy as np

# Iterations of the posterior means of a level, and the relative change that ends them.
MAX_ITERATIONS, TOLERANCE = 500, 1e-6


def harmonise(features: np.ndarray, levels: np.ndarray) -> np.ndarray:
    """Features less the location and scale of each level, by parametric empirical Bayes.

    Units are standardised by their mean and their variance within levels. A level's
    mean and variance of each unit are shrunk towards those of all its units,
    with a normal and an inverse gamma prior, whose parameters are the units' moments, and
    taken off. No covariate is kept, the clusters least of all. A level of one image has no
    variance: its location alone is taken off. So is that of any level of a table with one unit.

    Parameters
    ----------
    features : float array, shape (n, d)
    levels : array of str, shape (n,)

    Returns
    -------
    float array, shape (n, d)
        Units that do not vary within any level are at their mean.

    References
    ----------
    W. Johnson, C. Li, A. Rabinovic, "Adjusting batch effects in microarray expression
    data using empirical Bayes methods", Biostatistics 8, 2007.
    """
    features = np.asarray(features, np.float64)
    codes = np.unique(levels, return_inverse=True)[1]
    sizes = np.bincount(codes)
    means = np.zeros((len(sizes), features.shape[1]))
    np.add.at(means, codes, features)
    means /= sizes[:, None]
    mean = features.mean(axis=0)
    spread = np.sqrt(((features - means[codes]) ** 2).mean(axis=0))
    varying = spread > 1e-9 * np.abs(features).max(axis=0, initial=0)
    result = np.broadcast_to(mean, features.shape).copy()
    mean, spread = mean[varying], spread[varying]
    standard = (features[:, varying] - mean) / spread
    for level in range(len(sizes)):
        member = codes == level
        location, variance = _posterior(standard[member])
        result[np.ix_(member, varying)] = mean + spread * (standard[member] - location) / np.sqrt(
            variance
        )
    return result


def _posterior(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The posterior mean of a level's location and variance of each unit, shape (d,) each."""
    (n, d), location = values.shape, values.mean(axis=0)
    if d < 2:
        return location, np.ones(d)
    prior_mean, prior_variance = location.mean(), location.var(ddof=1)
    if n < 2:
        shrunk = (prior_variance * location + prior_mean) / (prior_variance + 1)
        return shrunk, np.ones(d)
    variance = values.var(axis=0, ddof=1)
    centre, scatter = variance.mean(), variance.var(ddof=1)
    if centre <= 0:
        return location, np.ones(d)  # all its images are alike
    if scatter <= 0:
        return location, variance  # nothing to shrink
    shape = 2 + centre**2 / scatter
    rate = centre * (shape - 1)
    posterior, posterior_variance = location, np.maximum(variance, TOLERANCE * centre)
    for _ in range(MAX_ITERATIONS):
        before, before_variance = posterior, posterior_variance
        weight = n * prior_variance
        posterior = (weight * location + before_variance * prior_mean) / (weight + before_variance)
        squares = ((values - posterior) ** 2).sum(axis=0)
        posterior_variance = (rate + squares / 2) / (n / 2 + shape - 1)
        changes = (
            np.abs(posterior - before).max() / max(np.abs(before).max(), TOLERANCE),
            (np.abs(posterior_variance - before_variance) / before_variance).max(),
        )
        if max(changes) < TOLERANCE:
            break
    return posterior, posterior_variance
