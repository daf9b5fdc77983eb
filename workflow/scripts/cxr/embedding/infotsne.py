"""Maps of many points by InfoNC-t-SNE, through the package TorchDR, on a GPU or the CPU.

The repulsion of a point is estimated in each iteration from `NEGATIVES` others that are drawn
at random: time and memory grow with the points, not with their pairs. The affinities and the
initial positions are those of the other gradients; maps are another method's, and lie less
deep in the divergence that t-SNE minimises.

References
----------
S. Damrich, J. N. Böhm, F. A. Hamprecht, D. Kobak, "From t-SNE to UMAP with contrastive
learning", ICLR 2023.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from cxr.core.errors import InputError
from cxr.embedding.knn import Neighbours, affinity_neighbours
from cxr.embedding.tsne_exact import calibrate, kernel_scale

if TYPE_CHECKING:
    import torch

ITERATIONS, EXAGGERATED, EXAGGERATION, NEGATIVES = 1000, 250, 12.0, 300  # TorchDR's defaults
SCALE = 1e-4  # standard deviation of the initial positions
MISSING = (
    "config key 'embedding.gradient': infotsne needs the package torchdr, which is not installed; "
    "run `python -m pip install torchdr` in the workflow's environment, or use `gradient: fft`"
)


def infotsne(
    neighbours: Neighbours,
    perplexity: float,
    start: np.ndarray,
    seed: int,
    device: torch.device,
) -> tuple[np.ndarray, float]:
    """A map by InfoNC-t-SNE.

    Parameters
    ----------
    neighbours : Neighbours
        At least min(n - 1, 3 x perplexity) of them.
    perplexity : float
        From 1 to n - 1.
    start : float array, shape (n, 2)
        Of any scale.
    seed : int
        Of the points that are drawn.
    device : torch.device

    Returns
    -------
    embedding : float array, shape (n, 2)
    kl_divergence : float
        Of t-SNE, exact, nats.

    Raises
    ------
    InputError
        If TorchDR is not installed, or the device's memory does not suffice.
    """
    import torch

    try:
        import torchdr
    except ImportError as error:
        raise InputError(MISSING) from error
    indices, distances = affinity_neighbours(neighbours, perplexity)
    affinities = calibrate(distances**2, float(perplexity))
    cards = [torch.cuda.current_device()] if device.type == "cuda" else []
    with torch.random.fork_rng(devices=cards), _repeatable():
        model = torchdr.InfoTSNE(
            perplexity=perplexity,
            init=torch.from_numpy(start),
            init_scaling=SCALE,
            early_exaggeration_coeff=EXAGGERATION,
            early_exaggeration_iter=EXAGGERATED,
            n_negatives=NEGATIVES,
            max_iter=ITERATIONS,
            min_grad_norm=0.0,  # it is a sum over n points, each of a weight of 1 / n
            backend=None,
            random_state=seed,
            distributed=False,
            process_duplicates=False,
        )
        model.affinity_in = _known_affinities(affinities / neighbours.n, indices)
        # The affinities are known: of the features the model reads number, type and device.
        features = torch.zeros((neighbours.n, 2), dtype=torch.float32, device=device)
        try:
            found = model.fit_transform(features).detach().cpu().double().numpy()
        except torch.OutOfMemoryError as error:
            raise InputError(
                f"config key 'embedding.gradient': the GPU has no memory for a map of "
                f"{neighbours.n:,} images by infotsne; use `device: cpu`"
            ) from error
    xy = np.ascontiguousarray(found - found.mean(axis=0))
    return xy, sparse_divergence(affinities, indices, xy)


def _known_affinities(conditional: np.ndarray, indices: np.ndarray) -> Any:
    """Affinities for TorchDR that are computed already: (n, k), and the neighbours they are of."""
    import torch
    from torchdr.affinity import SparseAffinity

    class KnownAffinities(SparseAffinity):
        def _compute_sparse_affinity(
            self, features: torch.Tensor, *_: object
        ) -> tuple[torch.Tensor, torch.Tensor]:
            values = torch.from_numpy(conditional).to(features)
            return values, torch.from_numpy(indices).to(features.device, torch.int64)

    return KnownAffinities(distributed=False, _pre_processed=True)


@contextmanager
def _repeatable() -> Iterator[None]:
    """Operations that give the same result twice, where torch has such."""
    import torch

    before = torch.are_deterministic_algorithms_enabled()
    torch.use_deterministic_algorithms(True, warn_only=True)
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(before)


def sparse_divergence(affinities: np.ndarray, indices: np.ndarray, xy: np.ndarray) -> float:
    """The Kullback-Leibler divergence of a map from affinities to neighbours alone, nats.

    Parameters
    ----------
    affinities : float array, shape (n, k)
        Of each point to its neighbours; rows sum to 1.
    indices : int array, shape (n, k)
    xy : float array, shape (n, 2)
    """
    from scipy.sparse import csr_array

    n, k = indices.shape
    starts = np.arange(0, n * k + 1, k)
    conditional = csr_array((affinities.ravel(), indices.ravel(), starts), shape=(n, n))
    joint = ((conditional + conditional.T) / (2 * n)).tocoo()
    rows, columns = joint.coords
    squares = ((xy[rows] - xy[columns]) ** 2).sum(axis=1)
    present = joint.data > 0
    values = joint.data[present]
    cross = (values * (np.log(values) + np.log1p(squares[present]))).sum()
    scale = kernel_scale(xy[:, 0].copy(), xy[:, 1].copy())
    return float(cross - np.log(np.float64(scale)))
