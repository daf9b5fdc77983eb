"""InfoNC-t-SNE has its own name, t-SNE's affinities, and groups that lie together."""

import logging
import sys

import numpy as np
import pytest
import torch

from cxr.core.errors import InputError
from cxr.embedding import gpu, infotsne
from cxr.embedding.knn import affinity_neighbours, find_neighbours, pairwise_affinities
from cxr.embedding.tsne import TsneSettings, embed, embed_runs
from cxr.embedding.tsne_exact import calibrate, divergence

SETTINGS = TsneSettings(gradient="infotsne")


@pytest.fixture(autouse=True)
def few_iterations(monkeypatch):
    monkeypatch.setattr(infotsne, "ITERATIONS", 80)
    monkeypatch.setattr(infotsne, "EXAGGERATED", 40)
    monkeypatch.setattr(infotsne, "NEGATIVES", 60)


@pytest.fixture
def features(rng):
    """Three groups of 20 points, two of which are one."""
    points = np.repeat(8 * rng.normal(size=(3, 5)), 20, axis=0) + rng.normal(size=(60, 5))
    points[1] = points[0]
    return points


def find(features):
    return find_neighbours(np.zeros(len(features), np.str_), features, len(features) / 3, 1)


def test_affinities_are_those_that_torchdr_computes_from_features(features):
    from torchdr.affinity import EntropicAffinity

    features = features[2:]
    theirs, to = EntropicAffinity(perplexity=6, distributed=False)(
        torch.from_numpy(features), return_indices=True
    )
    indices, distances = affinity_neighbours(find(features), 6.0)
    ours, places = infotsne._known_affinities(
        calibrate(distances**2, 6.0) / len(features), indices
    )(torch.zeros((len(features), 2), dtype=torch.float64), return_indices=True)
    assert torch.equal(places, to)
    np.testing.assert_allclose(ours, theirs, rtol=1e-3, atol=1e-8)


def test_groups_lie_together_and_the_divergence_is_that_of_the_map(features):
    points = find(features)
    xy, kl = embed(points, 6.0, 0, SETTINGS, 1)
    nearest = find_neighbours(np.zeros(60, np.str_), xy, 5 / 3, 1).indices
    groups = np.arange(60) // 20
    assert (groups[nearest] == groups[:, None]).mean() > 0.95
    exact = divergence(pairwise_affinities(points, 6.0), xy[:, 0].copy(), xy[:, 1].copy())
    assert kl == pytest.approx(exact, rel=1e-5)


def test_a_map_is_the_same_again_and_another_with_another_seed(features):
    points = find(features)
    state = torch.random.get_rng_state()
    deterministic = torch.are_deterministic_algorithms_enabled()
    first, again, other = (embed(points, 6.0, seed, SETTINGS, 1)[0] for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)
    assert torch.equal(state, torch.random.get_rng_state())
    assert torch.are_deterministic_algorithms_enabled() == deterministic


@pytest.mark.parametrize("perplexity", [1.0, 2.0])
def test_three_points_have_a_map(rng, perplexity):
    points = find_neighbours(np.zeros(3, np.str_), rng.normal(size=(3, 4)), 1.0, 1)
    xy, kl = embed(points, perplexity, 0, SETTINGS, 1)
    assert xy.shape == (3, 2)
    assert np.isfinite([*xy.ravel(), kl]).all()


def test_without_a_card_it_is_the_same_method_on_the_cpu_with_a_line(monkeypatch, features, caplog):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    gpu.find_card.cache_clear()
    points, runs = find(features), [(6.0, 0)]
    with caplog.at_level(logging.INFO):
        found = embed_runs(points, runs, TsneSettings(gradient="infotsne", device="gpu"), 1)
    gpu.find_card.cache_clear()
    assert "maps are computed on the CPU: " in caplog.text
    assert found.equals(embed_runs(points, runs, SETTINGS, 1))


def test_without_torchdr_one_line_says_what_to_install(monkeypatch, features):
    monkeypatch.setitem(sys.modules, "torchdr", None)
    with pytest.raises(InputError, match="pip install torchdr`") as error:
        embed(find(features), 6.0, 0, SETTINGS, 1)
    assert "embedding.gradient" in str(error.value)
    assert "\n" not in str(error.value)


def test_without_memory_one_line_says_what_to_use(monkeypatch, features):
    import torchdr

    def fit_transform(*_):
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 9 GiB")

    monkeypatch.setattr(torchdr.InfoTSNE, "fit_transform", fit_transform)
    with pytest.raises(InputError, match="no memory for a map of 60 images by infotsne"):
        embed(find(features), 6.0, 0, SETTINGS, 1)
