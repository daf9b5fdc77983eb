"""What a network looks at: Grad-CAM, and how much of it lies in the lungs."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import torch
import torch.nn.functional as F

from cxr.images.lungs import MODALITY, border_mask, lung_masks
from cxr.networks.architecture import Network
from cxr.networks.augmentation import resize, to_unit
from cxr.networks.device import best_device

OPACITY = 0.55


def grad_cam(
    network: Network, images: np.ndarray, image_size: int, targets: np.ndarray, batch: int = 32
) -> np.ndarray:
    """Grad-CAM of one class for each image.

    Its gradient is that of the class's log-odds: what speaks against the other
    classes speaks for this one, and a sure network's does not vanish.

    Parameters
    ----------
    network : Network
    images : uint8 array, shape (n, h, w)
        Canonical pixels.
    image_size : int
        Side of the network's input.
    targets : int array, shape (n,)
        The class that each map is for.

    Returns
    -------
    float32 array, shape (n, h, w)
        From 0 to 1, the greatest value of an image is 1 unless nothing speaks for
        the class.

    References
    ----------
    R. Selvaraju et al., "Grad-CAM: visual explanations from deep networks via
    gradient-based localization", 2017.
    """
    device = best_device()
    network.to(device).eval()
    found = [np.zeros((0, *images.shape[1:]), dtype=np.float32)]
    for start in range(0, len(images), batch):
        some = torch.from_numpy(np.array(images[start : start + batch])[:, None]).to(device)
        with torch.no_grad():
            maps = network.maps(to_unit(resize(some, image_size)))
        maps.requires_grad_()
        logits = network.class_logits(network.features_of(maps))
        wanted = torch.from_numpy(np.asarray(targets[start : start + batch])).to(device)
        others = logits.scatter(1, wanted[:, None], -torch.inf).logsumexp(dim=1)
        odds = logits.gather(1, wanted[:, None])[:, 0] - others
        (gradient,) = torch.autograd.grad(odds.sum(), maps)
        weights = gradient.mean(dim=(2, 3), keepdim=True)
        cam = F.relu((weights * maps).sum(dim=1, keepdim=True)).detach()
        cam = F.interpolate(cam, images.shape[1:], mode="bilinear", align_corners=False)
        greatest = cam.amax(dim=(2, 3), keepdim=True)
        cam = cam / torch.where(greatest > 0, greatest, torch.ones_like(greatest))
        found.append(cam[:, 0].cpu().numpy())
    return np.concatenate(found)


def attention(
    predictions: pd.DataFrame, images: np.ndarray, cams: np.ndarray, modality: str = MODALITY
) -> pd.DataFrame:
    """How much of each image's Grad-CAM lies in the lungs and at the border.

    Parameters
    ----------
    predictions : DataFrame, n rows
        `image_id, class, predicted`.
    images : uint8 array, shape (n, size, size)
    cams : float array, shape (n, size, size)

    Returns
    -------
    DataFrame
        image_id, class, predicted; `in_lungs` and `in_border`, shares of the map;
        `lung_area` and `border_area`, the shares that an even map would have. The
        lung masks are those of `cxr.images.lungs`, rough ones, and of radiographs alone: of
        another modality what is about lungs is null.
    """
    lungs = np.full(images.shape, np.nan)
    if modality == MODALITY:
        lungs, _ = lung_masks(images)
    border = border_mask(images.shape[1])
    total = cams.sum(axis=(1, 2))
    with np.errstate(invalid="ignore", divide="ignore"):
        inside = (cams * lungs).sum(axis=(1, 2)) / total
        outside = (cams * border).sum(axis=(1, 2)) / total
    table = predictions[["image_id", "class", "predicted"]].reset_index(drop=True)
    return table.assign(
        in_lungs=inside.round(4),
        in_border=outside.round(4),
        lung_area=lungs.mean(axis=(1, 2)).round(4),
        border_area=round(float(border.mean()), 4),
    )


def select_examples(predictions: pd.DataFrame, classes: Sequence[str], count: int) -> pd.DataFrame:
    """The panel's images: of each class the surest right and the surest wrong predictions.

    Parameters
    ----------
    predictions : DataFrame
        `image_id, class, predicted` and a probability a class.
    count : int
        Right ones, and as many wrong ones, of each class.

    Returns
    -------
    DataFrame
        The chosen rows with their index, `right`, `sure` (the probability of the
        predicted class) and `place`, their rank among those of their class and kind.
    """
    sure = [row[f"probability_{row['predicted']}"] for _, row in predictions.iterrows()]
    table = predictions.assign(sure=np.array(sure, dtype=np.float64))
    table["right"] = table["class"] == table["predicted"]
    table = table.sort_values(["sure", "image_id"], ascending=[False, True])
    table["place"] = table.groupby(["class", "right"]).cumcount()
    return table.loc[(table["place"] < count) & table["class"].isin(list(classes))]


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
    share = OPACITY * cam[..., None]
    mixed = (1 - share) * image[..., None] / 255 + share * colour
    return (255 * mixed).round().astype(np.uint8)
