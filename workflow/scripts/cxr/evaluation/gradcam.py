"""Grad-CAM, and how much of it lies in the lungs."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
import torch.nn.functional as F

from cxr.evaluation.predictions import confidences
from cxr.images.lungs import border_mask
from cxr.images.rows import ImageRows
from cxr.networks.architecture import Network
from cxr.networks.batched import card_batch, compute_batches
from cxr.networks.device import choose_device

OPACITY = 0.55
BATCHES = 4  # a card's batches whose maps are in memory at a time


def grad_cam(
    network: Network,
    images: np.ndarray,
    image_size: int,
    targets: np.ndarray,
    batch_size: int = 32,
    device: str = "auto",
) -> np.ndarray:
    """Grad-CAM of one class for each image.

    The gradient is that of the class's log-odds: evidence against the other classes
    is evidence for this one, and it does not vanish where a network is confident.

    Parameters
    ----------
    network : Network
    images : uint8 array, shape (n, h, w)
        Canonical pixels.
    image_size : int
        Side of the network's input.
    targets : int array, shape (n,)
        The class that each map is for.
    batch_size : int
        Least images at once.
    device : str
        As of `cxr.networks.device.choose_device`.

    Returns
    -------
    float32 array, shape (n, h, w)
        From 0 to 1, the greatest value of an image is 1 unless nothing in it is evidence
        for the class.

    References
    ----------
    R. Selvaraju et al., "Grad-CAM: visual explanations from deep networks via
    gradient-based localization", 2017.
    """
    place = choose_device(device)

    def compute(batch: torch.Tensor, codes: torch.Tensor) -> tuple[torch.Tensor]:
        maps = network.maps(batch)
        with torch.enable_grad():
            maps.requires_grad_()
            logits = network.class_logits(network.features_of_maps(maps))
            others = logits.scatter(1, codes[:, None], -torch.inf).logsumexp(dim=1)
            odds = logits.gather(1, codes[:, None])[:, 0] - others
            (gradient,) = torch.autograd.grad(odds.sum(), maps)
        weights = gradient.mean(dim=(2, 3), keepdim=True)
        cam = F.relu((weights * maps).sum(dim=1, keepdim=True)).detach()
        cam = F.interpolate(cam, images.shape[1:], mode="bilinear", align_corners=False)
        greatest = cam.amax(dim=(2, 3), keepdim=True)
        cam = cam / torch.where(greatest > 0, greatest, torch.ones_like(greatest))
        return (cam[:, 0],)

    codes = np.asarray(targets)
    results = compute_batches(network, compute, images, image_size, place, batch_size, codes)
    none = np.zeros((0, *images.shape[1:]), dtype=np.float32)
    return np.concatenate([none, *(cams for (cams,) in results)])


def attention(
    predictions: pd.DataFrame, cams: np.ndarray, lungs: np.ndarray | None
) -> pd.DataFrame:
    """How much of each image's Grad-CAM lies in the lungs and at the border.

    Parameters
    ----------
    predictions : DataFrame, n rows
        `image_id, class, predicted`.
    cams : float array, shape (n, size, size)
    lungs : bool array, shape (n, size, size), or None
        The lungs of radiographs; None for another modality.

    Returns
    -------
    DataFrame
        image_id, class, predicted; `in_lungs` and `in_border`, shares of the map;
        `lung_area` and `border_area`, the shares that an even map would have. Without
        lungs what is about them is null.
    """
    masks = np.full(cams.shape, np.nan) if lungs is None else lungs
    border = border_mask(cams.shape[1])
    total = cams.sum(axis=(1, 2))
    with np.errstate(invalid="ignore", divide="ignore"):
        inside = (cams * masks).sum(axis=(1, 2)) / total
        outside = (cams * border).sum(axis=(1, 2)) / total
    table = predictions[["image_id", "class", "predicted"]].reset_index(drop=True)
    return table.assign(
        in_lungs=inside.round(4),
        in_border=outside.round(4),
        lung_area=masks.mean(axis=(1, 2)).round(4),
        border_area=round(float(border.mean()), 4),
    )


def select_examples(predictions: pd.DataFrame, classes: Sequence[str], count: int) -> pd.DataFrame:
    """The panel's images: the most confident correct and incorrect predictions of each class.

    Parameters
    ----------
    predictions : DataFrame
        `image_id, class, predicted` and a probability a class.
    count : int
        Correct ones, and as many incorrect ones, of each class.

    Returns
    -------
    DataFrame
        The selected rows with their index, `correct`, `confidence` (the probability of the
        predicted class) and `rank` among those of their class and kind, from 0.
    """
    table = predictions.assign(
        confidence=confidences(predictions).astype(np.float64),
        correct=predictions["class"] == predictions["predicted"],
    )
    table = table.sort_values(["confidence", "image_id"], ascending=[False, True])
    table["rank"] = table.groupby(["class", "correct"]).cumcount()
    return table.loc[(table["rank"] < count) & table["class"].isin(list(classes))]


def predicted_codes(predictions: pd.DataFrame, classes: Sequence[str]) -> np.ndarray:
    """The position of each predicted class among the classes, int of shape (n,)."""
    return pd.Index(classes).get_indexer(predictions["predicted"])


@dataclass(frozen=True)
class Explanation:
    """The Grad-CAM of a network's test images.

    Attributes
    ----------
    attention : DataFrame
        As `attention` makes it.
    examples : DataFrame, m rows
        As `select_examples` makes it.
    pictures : list of m uint8 arrays, shape (size, size, 3)
        The examples with the Grad-CAM of the predicted class over them.
    """

    attention: pd.DataFrame
    examples: pd.DataFrame
    pictures: list[np.ndarray]


def explain_predictions(
    network: Network,
    image_size: int,
    predictions: pd.DataFrame,
    images: np.ndarray,
    lungs: np.ndarray | None,
    classes: Sequence[str],
    count: int,
) -> Explanation:
    """Grad-CAM of the predicted class for every test image.

    Parameters
    ----------
    network : Network
    image_size : int
        Side of the network's input.
    predictions : DataFrame, n rows
        Indexed 0, 1, ...; `image_id, class, split, predicted` and a probability a class.
    images : uint8 array, shape (n, size, size)
    lungs : bool array, shape (n, size, size), or None
        As in `attention`.
    classes : sequence of str
    count : int
        Examples of each class, correct and incorrect ones each.
    """
    test = predictions.loc[predictions["split"] == "test"]
    rows = test.index.to_numpy()
    test = test.reset_index(drop=True)
    codes, examples = predicted_codes(test, classes), select_examples(test, classes, count)
    tables, pictures = [], {}
    size = BATCHES * card_batch(max(image_size, images.shape[1]))
    for start in range(0, max(1, len(test)), size):
        some = slice(start, start + size)
        pixels = ImageRows(images, rows[some])[:]
        masks = None if lungs is None else ImageRows(lungs, rows[some])[:]
        cams = grad_cam(network, pixels, image_size, codes[some])
        tables.append(attention(test[some], cams, masks))
        for row in examples.index[(examples.index >= start) & (examples.index < start + size)]:
            pictures[row] = overlay(pixels[row - start], cams[row - start])
    ordered = [pictures[row] for row in examples.index]
    return Explanation(pd.concat(tables, ignore_index=True), examples, ordered)


def overlay(image: np.ndarray, cam: np.ndarray) -> np.ndarray:
    """A grey image with its Grad-CAM in colour over it, uint8 of shape (h, w, 3).

    Parameters
    ----------
    image : uint8 array, shape (h, w)
    cam : float array, shape (h, w)
        From 0 to 1.
    """
    from matplotlib import colormaps

    colour = colormaps["inferno"](cam)[..., :3]
    opacity = OPACITY * cam[..., None]
    mixed = (1 - opacity) * image[..., None] / 255 + opacity * colour
    return (255 * mixed).round().astype(np.uint8)
