"""The clustering that other perplexities agree with is selected."""

import numpy as np
import pytest
from sklearn.metrics import adjusted_rand_score

from cxr.clustering.consensus import Votes

TRUE = [0] * 6 + [1] * 3 + [2] * 3
EVEN = [0] * 4 + [1] * 4 + [2] * 4
NOISY = [0] * 4 + [-1] * 8


def votes(*maps, perplexities=None, max_outliers=0.3):
    arrays = [np.array(labels, np.int16).reshape(-1, 12) for labels in maps]
    perplexities = perplexities or [5.0 * (place + 1) for place in range(len(maps))]
    return Votes.of(arrays, perplexities, max_outliers)


def test_what_stays_over_the_perplexities_agrees_most():
    found = votes([TRUE, EVEN], [TRUE], [TRUE, EVEN[::-1]])
    assert int(np.nanargmax(found.agreement)) in (0, 2, 3)
    same, other = 1.0, adjusted_rand_score(TRUE, EVEN[::-1])
    assert found.agreement[0] == pytest.approx((same + (same + other) / 2) / 2)


def test_every_perplexity_weighs_the_same_however_many_clusterings_it_has():
    found = votes([TRUE], [TRUE], [EVEN, EVEN[::-1], EVEN, EVEN])
    against = np.mean([adjusted_rand_score(TRUE, each) for each in (EVEN, EVEN[::-1], EVEN, EVEN)])
    assert found.agreement[0] == pytest.approx((1 + against) / 2)


def test_a_perplexity_without_a_clustering_agrees_with_nothing():
    found = votes([TRUE], [TRUE], np.empty((0, 12)))
    assert found.agreement.tolist() == [0.5, 0.5]


def test_clusterings_with_many_outliers_neither_vote_nor_are_selected():
    found = votes([TRUE, NOISY], [TRUE], [NOISY])
    assert np.isnan(found.agreement[[1, 3]]).all()
    assert found.agreement[0] == 0.5
    assert votes([TRUE, NOISY], [TRUE], max_outliers=0.7).agreement[1] > 0


def test_seeds_of_one_perplexity_vote_together_and_not_for_one_another():
    found = votes([TRUE], [EVEN], [TRUE], perplexities=[5.0, 5.0, 10.0])
    assert found.perplexities.tolist() == [5, 10]
    assert found.agreement[0] == 1
    between = adjusted_rand_score(TRUE, EVEN)
    assert found.agreement[2] == pytest.approx((1 + between) / 2)


def test_a_map_without_a_perplexity_is_voted_on_and_does_not_vote():
    found = votes([TRUE], [TRUE], [EVEN], perplexities=[5.0, 10.0, np.nan])
    assert found.agreement[0] == 1
    assert found.agreement[2] == pytest.approx(adjusted_rand_score(TRUE, EVEN))


def test_one_perplexity_alone_has_no_agreement():
    assert np.isnan(votes([TRUE, EVEN]).agreement).all()


def test_votes_on_a_clustering_weigh_one_in_all():
    found = votes([TRUE], [TRUE, EVEN], [TRUE], np.empty((0, 12)))
    places, weights = found.voters(0)
    assert places.tolist() == [1, 2, 3]
    assert weights.tolist() == [0.25, 0.25, 0.5]
    assert found.image_agreement(0).max() <= 1
    np.testing.assert_allclose(found.image_agreement(0)[:4], 1 - 0.25 * (1 - 4 / 6))
    clustered, outliers = found.parts(0)
    assert clustered == pytest.approx(0.75 + 0.25 * adjusted_rand_score(TRUE, EVEN))
    assert outliers == 1
