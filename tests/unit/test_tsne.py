"""A map uses the perplexity that it claims, follows its seed, and keeps neighbours together."""

import logging

import numpy as np
import pandas as pd
import pytest
from sklearn.decomposition import PCA
from sklearn.manifold import trustworthiness

from cxr.errors import InputError
from cxr.tsne import embed, embed_all, find_neighbours, principal_components, select_features


@pytest.fixture
def features(rng):
    return np.maximum(rng.normal(size=(60, 6)) @ rng.normal(size=(6, 16)), 0)


@pytest.fixture
def neighbours(features):
    ids = np.array([f"i{i}" for i in range(len(features))])
    return find_neighbours(ids, features, 128, threads=1)


def test_neighbours_are_the_nearest_ones(features, neighbours):
    distances = np.linalg.norm(features[:, None] - features[None], axis=2)
    np.fill_diagonal(distances, np.inf)
    np.testing.assert_allclose(neighbours.distances, np.sort(distances, axis=1)[:, :-1])
    assert (neighbours.indices != np.arange(60)[:, None]).all()


def test_every_perplexity_up_to_n_minus_1_is_used_and_none_above(neighbours, caplog):
    with caplog.at_level(logging.INFO):
        table = embed_all(neighbours, [(1.0, 0), (59.0, 0), (60.0, 0)], "pca", 1)
    assert table["perplexity"].unique().tolist() == [1.0, 59.0]
    assert len(table) == 2 * 60
    assert "perplexity 60 is left out" in caplog.text
    assert "too high" not in caplog.text


@pytest.mark.parametrize("perplexity", [5.0, 20.0, 40.0])
def test_the_affinities_have_the_claimed_perplexity(neighbours, perplexity, monkeypatch):
    import openTSNE.affinity

    seen = []
    original = openTSNE.affinity.PerplexityBasedNN

    def spy(**arguments):
        seen.append(original(**arguments, symmetrize=False))
        return original(**arguments)

    monkeypatch.setattr(openTSNE.affinity, "PerplexityBasedNN", spy)
    embed(neighbours, perplexity, 0, "pca", 1)
    rows = seen[0].P.toarray()
    rows /= rows.sum(axis=1, keepdims=True)
    logs = np.log2(rows, out=np.zeros_like(rows), where=rows > 0)
    np.testing.assert_allclose(2 ** -(rows * logs).sum(axis=1), perplexity, rtol=1e-3)


def test_a_map_keeps_neighbours_together(features, neighbours):
    assert trustworthiness(features, embed(neighbours, 10, 0, "pca", 1), n_neighbors=5) > 0.9


@pytest.mark.parametrize("initialization", ["pca", "random"])
def test_the_same_seed_gives_the_same_map_and_another_seed_another(neighbours, initialization):
    first, again, other = (embed(neighbours, 10, seed, initialization, 1) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


def test_chunking_changes_nothing(neighbours):
    runs = [(5.0, 0), (9.0, 0)]
    whole = embed_all(neighbours, runs, "pca", 1)
    parts = pd.concat([embed_all(neighbours, [run], "pca", 1) for run in runs], ignore_index=True)
    pd.testing.assert_frame_equal(whole, parts)


def test_equal_features_give_a_finite_map(caplog):
    same = find_neighbours(np.array(list("abcdef")), np.ones((6, 4)), 128, 1)
    assert np.isfinite(embed(same, 2, 0, "pca", 1)).all()


def test_principal_components_are_scikit_learns(features):
    ours = principal_components(features)
    theirs = PCA(2).fit_transform(features)
    np.testing.assert_allclose(np.abs(ours), np.abs(theirs), atol=1e-8)
    assert principal_components(np.ones((4, 1))).tolist() == [[0, 0]] * 4


def table(features):
    frame = pd.DataFrame(features, columns=[f"f{i:03d}" for i in range(features.shape[1])])
    frame.insert(0, "image_id", [f"i{i}" for i in range(len(frame))])
    frame.insert(1, "class", ["a"] * 5 + ["b"] * (len(frame) - 5))
    return frame


def test_features_of_the_wanted_classes_are_selected(features):
    ids, chosen = select_features(table(features), ["a"])
    assert ids.tolist() == ["i0", "i1", "i2", "i3", "i4"]
    np.testing.assert_array_equal(chosen, features[:5])


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_features_that_are_not_finite_are_named(features, value):
    features[7, 2] = value
    with pytest.raises(InputError, match="1 of 60 rows hold NaN or infinity, the first is i7"):
        select_features(table(features), None)


def test_fewer_than_three_images_are_refused(features):
    with pytest.raises(InputError, match=r"embedding\.classes.*2 images are too few"):
        select_features(table(features).head(2), None)
