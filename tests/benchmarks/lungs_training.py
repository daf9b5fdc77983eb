"""Trains the networks that find lungs, and writes them in whole numbers.

    python tests/benchmarks/lungs_training.py MIRROR [--steps 500] [--member 0]

Reads the radiographs and outlines of `tests/helpers/lung_masks.py`. Network k learns from all
patients but those of fold k, so that each image has one network that saw no image of its patient.
Writes `lungs-<k>.npz` into the working folder for each network, and
`workflow/scripts/cxr/images/lungs.npz` once all are there. A network takes a minute of one core.
Weights depend on the processor in their last digits.
"""

import argparse
import sys
import time
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "workflow" / "scripts")]

from tests.helpers.lung_masks import dice, outlined_lungs  # noqa: E402

from cxr.core.io import write_arrays  # noqa: E402
from cxr.images.canonical import shrink  # noqa: E402
from cxr.images.lung_network import DOWN, FILE, GREATEST, MEMBERS, SIDE, UP, normalise  # noqa: E402

WIDTHS = (8, 16, 32, 32)
BATCH, RATE, DECAY, WARM_UP = 16, 5e-3, 1e-3, 0.15
CALIBRATION = 128  # images whose activations set the scales
EXACT = 2**24  # below it float32 holds every whole number


def convolution(inputs, outputs):
    layers = nn.Conv2d(inputs, outputs, 3, padding=1, bias=False), nn.BatchNorm2d(outputs)
    return nn.Sequential(*layers, nn.ReLU())


class Net(nn.Module):
    """The network of `cxr.images.lung_network`, in floats and with batch normalisation."""

    def __init__(self):
        super().__init__()
        layers = {}
        for name, (before, width) in zip(DOWN, pairwise((1, *WIDTHS)), strict=True):
            layers |= {f"{name}a": convolution(before, width)}
            layers |= {f"{name}b": convolution(width, width)}
        below = WIDTHS[-1]
        for name, skipped, width in zip(UP, WIDTHS[-2::-1], (16, 16, 8), strict=True):
            layers[name] = convolution(below + skipped, width)
            below = width
        self.layers = nn.ModuleDict(layers)
        self.output = nn.Conv2d(below, 1, 1)

    def forward(self, maps):
        levels = []
        for name in DOWN:
            maps = F.max_pool2d(maps, 2) if levels else maps
            maps = self.layers[f"{name}b"](self.layers[f"{name}a"](maps))
            levels.append(maps)
        levels.pop()
        for name in UP:
            wide = F.interpolate(maps, scale_factor=2)
            maps = self.layers[name](torch.cat([wide, levels.pop()], dim=1))
        return self.output(maps)


class Views:
    """Random views of radiographs: moved, turned, stretched, of other contrast, with things on."""

    def __init__(self, images, masks, aspects, seed):
        self.images = torch.from_numpy(images).float()[:, None] / 255
        self.masks = torch.from_numpy(masks).float()[:, None]
        self.aspects = torch.from_numpy(aspects).float()
        self.generator = torch.Generator().manual_seed(seed)

    def draw(self, n):
        """Pixels as `normalise` leaves them, by `GREATEST`, and masks, (n, 1, SIDE, SIDE) each."""
        rows = torch.randint(len(self.images), (n,), generator=self.generator)
        grid = F.affine_grid(self._placement(rows), [n, 1, SIDE, SIDE], align_corners=False)
        seen = {
            mode: F.grid_sample(self.images[rows], grid, padding_mode=mode, align_corners=False)
            for mode in ("zeros", "border")
        }
        pixels = torch.where(self._happens(n, 0.7), seen["zeros"], seen["border"])
        masks = F.grid_sample(self.masks[rows], grid, align_corners=False)
        pixels = self._marked(self._shaded(pixels))
        whole = (255 * (pixels.clamp(-1, 2) + 1) / 3).round().byte().numpy()[:, 0]
        return torch.from_numpy(normalise(whole))[:, None] / GREATEST, masks

    def _uniform(self, low, high, *shape):
        return low + (high - low) * torch.rand(*shape, generator=self.generator)

    def _happens(self, n, share):
        return torch.rand(n, 1, 1, 1, generator=self.generator) < share

    def _placement(self, rows):
        """Affine maps from a view to the squashed image; half of them undo the squashing."""
        n = len(rows)
        scale, stretch = self._uniform(-0.36, 0.3, n).exp(), self._uniform(-0.25, 0.25, n).exp()
        shape = self.aspects[rows].clamp(0.6, 1.6).sqrt()
        shape = torch.where(self._happens(n, 0.5)[:, 0, 0, 0], shape, torch.ones(n))
        angle, shear = self._uniform(-0.22, 0.22, n), self._uniform(-0.1, 0.1, n)
        mirrored = torch.where(self._happens(n, 0.5)[:, 0, 0, 0], -1.0, 1.0)
        wide, high = scale * stretch / shape, scale / stretch * shape
        shift = self._uniform(-0.25, 0.25, 2, n)
        first = [mirrored * wide * angle.cos(), shear - wide * angle.sin(), shift[0]]
        second = [mirrored * high * angle.sin(), high * angle.cos(), shift[1]]
        return torch.stack([torch.stack(first, 1), torch.stack(second, 1)], 1)

    def _shaded(self, pixels):
        """Another gamma, up to three soft bright or dark spots, a slope, blur and noise."""
        n = len(pixels)
        places = (torch.arange(SIDE) + 0.5) / SIDE
        pixels = pixels.clamp(1e-4, 1) ** self._uniform(-0.7, 0.7, n, 1, 1, 1).exp()
        for _ in range(3):
            centre = self._uniform(0.1, 0.9, 2, n, 1, 1)
            width = self._uniform(0.05, 0.22, 2, n, 1, 1)
            down = ((places[:, None] - centre[0]) / width[0]) ** 2
            across = ((places[None] - centre[1]) / width[1]) ** 2
            opacity = (-(down + across)).exp()[:, None] * self._uniform(0.2, 0.9, n, 1, 1, 1)
            opacity = opacity * self._happens(n, 0.35)
            bright, dark = (self._uniform(*span, n, 1, 1, 1) for span in ((0.6, 1.0), (0.0, 0.3)))
            shade = torch.where(self._happens(n, 0.75), bright, dark)
            pixels = pixels * (1 - opacity) + opacity * shade
        slope = self._uniform(-0.3, 0.3, 2, n, 1, 1, 1)
        pixels = pixels + slope[0] * (places - 0.5) + slope[1] * (places[:, None] - 0.5)
        pixels = torch.where(self._happens(n, 0.3), F.avg_pool2d(pixels, 3, 1, 1), pixels)
        noise = torch.randn(pixels.shape, generator=self.generator)
        return pixels + self._uniform(0, 0.05, n, 1, 1, 1) * noise

    def _marked(self, pixels):
        """A bright or dark box, as markers and words are, on some."""
        for image, marked in zip(pixels, self._happens(len(pixels), 0.4).flatten(), strict=True):
            if marked:
                row, column = torch.randint(SIDE - 6, (2,), generator=self.generator).tolist()
                high, wide = torch.randint(2, 9, (2,), generator=self.generator).tolist()
                shade = float(self._uniform(0, 1, 1) > 0.3)
                image[0, row : row + high, column : column + wide] = shade
        return pixels


def prepared(images):
    """Canonical images as a network sees them, float32 of shape (n, 1, SIDE, SIDE)."""
    return torch.from_numpy(normalise(shrink(images, SIDE)))[:, None] / GREATEST


def trained(views, steps, seed, report):
    torch.manual_seed(seed)
    net = Net().to(memory_format=torch.channels_last)
    optimizer = torch.optim.AdamW(net.parameters(), lr=RATE, weight_decay=DECAY)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, RATE, total_steps=steps, pct_start=WARM_UP
    )
    for step in range(steps):
        pixels, masks = views.draw(BATCH)
        logits = net(pixels.to(memory_format=torch.channels_last))
        shares = logits.sigmoid()
        common = 2 * (shares * masks).sum((1, 2, 3)) + 1
        overlap = common / (shares.sum((1, 2, 3)) + masks.sum((1, 2, 3)) + 1)
        loss = F.binary_cross_entropy_with_logits(logits, masks) + (1 - overlap).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
        if step % 100 == 99:
            report(net.eval(), step + 1)
            net.train()
    return net.eval()


def rounded(net, pixels):
    """The tensors of a network in whole numbers, scaled by its activations on some pixels."""
    tensors, scales, activations = {}, {}, {}
    for name, layer in net.layers.items():
        layer.register_forward_hook(lambda _, __, out, name=name: activations.update({name: out}))
    with torch.inference_mode():
        net(pixels)
    for name, values in activations.items():
        scales[name] = float(np.quantile(values.numpy(), 0.9998)) / GREATEST

    def add(name, weight, bias, before, after):
        weight = weight * np.concatenate([np.full(n, scale) for n, scale in before])[:, None, None]
        step = np.abs(weight).max(axis=(1, 2, 3)) / GREATEST
        whole = np.rint(weight / step[:, None, None, None])
        offset = np.rint(bias / step)
        assert (GREATEST * np.abs(whole).sum(axis=(1, 2, 3)) + np.abs(offset) < EXACT).all()
        rows = whole.transpose(0, 2, 3, 1).reshape(len(whole), -1)
        tensors[f"{name}.weight"] = rows.astype(np.int8)
        tensors[f"{name}.bias"] = offset.astype(np.int32)
        tensors[f"{name}.scale"] = (step / after).astype(np.float32)

    before = {"down1a": [(1, 1 / GREATEST)]}
    order = [f"{name}{half}" for name in DOWN for half in "ab"]
    for name, following in pairwise(order):
        width = len(net.layers[name][0].weight)
        before[following] = [(width, scales[name])]
    last = order[-1]
    for name, joined in zip(UP, ("down3b", "down2b", "down1b"), strict=True):
        parts = [(len(net.layers[part][0].weight), scales[part]) for part in (last, joined)]
        before[name], last = parts, name
    for name, (convolved, norm, _) in net.layers.items():
        gain = norm.weight / (norm.running_var + norm.eps).sqrt()
        weight = (convolved.weight * gain[:, None, None, None]).detach().numpy()
        bias = (norm.bias - norm.running_mean * gain).detach().numpy()
        add(name, weight, bias, before[name], scales[name])
    weight, bias = (part.detach().numpy() for part in (net.output.weight, net.output.bias))
    add("output", weight, bias, [(weight.shape[1], scales[last])], 1.0)
    return tensors


def main():
    options = argparse.ArgumentParser()
    options.add_argument("mirror", type=Path)
    options.add_argument("--steps", type=int, default=500)
    options.add_argument("--member", type=int, action="append")
    arguments = options.parse_args()
    torch.set_num_threads(1)
    whole, cropped = (outlined_lungs(arguments.mirror, square=kind) for kind in ("stretch", "crop"))
    for member in arguments.member or range(MEMBERS):
        seen = whole.folds != member
        views = Views(whole.images[seen], whole.masks[seen], whole.aspects[seen], member)
        began = time.monotonic()

        def report(net, step, member=member, began=began):
            unseen = cropped.folds == member
            with torch.inference_mode():
                scores = net(prepared(cropped.images[unseen]))
            scores = F.interpolate(scores, cropped.images.shape[1:], mode="bilinear")[:, 0]
            overlap = dice(scores.numpy() > 0, cropped.masks[unseen])
            seconds = time.monotonic() - began
            print(f"network {member}, step {step}, {seconds:.0f} s: Dice {overlap.mean():.4f}")

        net = trained(views, arguments.steps, member, report)
        np.savez(f"lungs-{member}.npz", **rounded(net, views.draw(CALIBRATION)[0]))
    files = [Path(f"lungs-{member}.npz") for member in range(MEMBERS)]
    if all(file.is_file() for file in files):
        tensors = {"mean": np.rint(255 * cropped.masks.mean(axis=0)).astype(np.uint8)}
        tensors["mean"] = shrink(tensors["mean"][None], SIDE)[0]
        for member, file in enumerate(files):
            tensors |= {f"{member}.{name}": value for name, value in np.load(file).items()}
        write_arrays(tensors, FILE)
        print(f"{FILE}: {FILE.stat().st_size} bytes")


if __name__ == "__main__":
    main()
