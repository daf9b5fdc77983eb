"""How faithful a map is to the features: trustworthiness and continuity."""

import numpy as np

NEIGHBOURS = 10  # whose ranks are compared, where there are so many images


def map_faithfulness(features: np.ndarray, xy: np.ndarray, neighbours: int) -> dict[str, float]:
    """How far a map preserves neighbourhoods: trustworthiness and continuity, 0 to 1.

    Trustworthiness falls with neighbours in the map that are none in the
    features, continuity with neighbours in the features that are none in the map.

    Parameters
    ----------
    features : float array, shape (n, d)
    xy : float array, shape (n, 2)
    neighbours : int
        How many are compared, less than n / 2.

    References
    ----------
    J. Venna, S. Kaski, "Neighborhood preservation in nonlinear projection
    methods", ICANN 2001.
    """
    from sklearn.manifold import trustworthiness

    return {
        "neighbours": neighbours,
        "trustworthiness": float(trustworthiness(features, xy, n_neighbors=neighbours)),
        "continuity": float(trustworthiness(xy, features, n_neighbors=neighbours)),
    }
