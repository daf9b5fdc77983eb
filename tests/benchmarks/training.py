"""Times training beside a plain torchvision loop and fastai: same images, network, size, changes.

    uv pip install --group bench
    python tests/benchmarks/training.py --mirror FOLDER
    python tests/benchmarks/training.py --mirror FOLDER --side 1200

The four classes of the study of 2020, mobilenet_v2 from ImageNet weights at 128 pixels, small
rotation, shift, scale, brightness and contrast. Each way runs in a process of its own, in turn;
its figure is the median over the epochs after the first. `--side` first enlarges the images to
that long side, as published ones have; those of a mirror may be smaller.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PARTS = ("Snakefile", "rules", "workflow", "config", "envs", "profiles")
STUDY = "config/studies/variants-2020.yaml"
SIZE, BATCH, RATE, WORKERS = 128, 32, 1e-3, 2
ROTATION, SHIFT, SCALE, LIGHT = 7.0, 0.05, 0.08, 0.15
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def prepare(place, mirror, side):
    """Assembles the study's cohort, and folders of its images as ImageFolder wants them."""
    import pandas as pd
    from PIL import Image

    for part in PARTS:
        (place / part).symlink_to(ROOT / part)
    command = [sys.executable, "-m", "snakemake", "--cores", "2", "--quiet", "all"]
    command += ["--until", "assemble_cohort", "--configfile", STUDY, "--config"]
    subprocess.run([*command, f"mirror={mirror}"], cwd=place, check=True)
    results = place / "results"
    cohort = pd.read_parquet(results / "variants-2020/cohort.parquet")
    for position, row in cohort.iterrows():
        folder = place / "folders" / row["split"] / row["class"]
        folder.mkdir(parents=True, exist_ok=True)
        original = results / "sources" / row["source"] / row["file"]
        target = folder / f"{position}{original.suffix}"
        if side is None:
            target.symlink_to(original.resolve())
            continue
        with Image.open(original) as image:
            factor = side / max(image.size)
            size = [round(factor * length) for length in image.size]
            large = image.convert("L").resize(size, Image.Resampling.BICUBIC)
            large.save(target.with_suffix(".jpg"), quality=92)


def weights(mirror):
    """The ImageNet weights of the convolutions."""
    import torch

    path = next((mirror / "weights").glob("mobilenet_v2-imagenet*"))
    state = torch.load(path, weights_only=True)
    prefix = "features."
    return {k.removeprefix(prefix): v for k, v in state.items() if not k.startswith("classifier")}


def model(mirror, classes):
    """The network of torchvision with those weights."""
    from torchvision.models import mobilenet_v2

    network = mobilenet_v2(num_classes=classes)
    network.features.load_state_dict(weights(mirror))
    return network


def ours(place, mirror, epochs):
    """The training of this workflow."""
    import numpy as np
    import pandas as pd

    from cxr.features.extract import extract_features
    from cxr.networks.architecture import build_network
    from cxr.networks.augmentation import Augmentation
    from cxr.networks.weights import load_backbone
    from cxr.training.dataset import TrainingData
    from cxr.training.loop import train
    from cxr.training.recipe import Phase, Recipe

    study = place / "results/variants-2020"
    cohort = pd.read_parquet(study / "cohort.parquet")
    images = np.load(study / "images.npy")
    classes = sorted(cohort["class"].unique())
    data = TrainingData.from_cohort(cohort, images, classes)
    network = build_network("mobilenet_v2", len(classes), 64, 0.2, seed=0)
    load_backbone(network, next((mirror / "weights").glob("mobilenet_v2-imagenet*")))
    settings = {"schedule": "one-cycle", "batch_size": BATCH, "weight_decay": 0.01}
    settings |= {"label_smoothing": 0.0, "mixup": 0.0, "averaging": 0.0, "keep": "last"}
    settings |= {"class_weights": False, "patience": None, "frozen": False}
    augmentation = Augmentation(
        ROTATION, SHIFT, SCALE, LIGHT, LIGHT, noise=0.0, erasing=0.0, flip=False
    )
    phase = Phase(epochs=epochs, image_size=SIZE, learning_rate=RATE, **settings)
    stamps = Stamps(int((data.split == "train").sum()))
    stamps.follow(network)
    train(network, data, Recipe((phase,), augmentation, "auto", compile=False), seed=0)
    test = data.split == "test"
    _, probabilities = extract_features(network, images[test], SIZE)
    return stamps.rate(), float((probabilities.argmax(1) == data.labels[test]).mean())


class Stamps:
    """Times of the epochs of a training, by the images that go through the network."""

    def __init__(self, images):
        self.images, self.passed, self.times = images, 0, []
        self.start = time.perf_counter()

    def follow(self, network):
        """Counts the training images that go through a network."""

        def count(module, inputs):
            if module.training:
                if self.passed % self.images == 0:
                    self.start = time.perf_counter()
                self.passed += len(inputs[0])

        def end(module, inputs, output):
            if not module.training and self.passed and self.passed % self.images == 0:
                self.stop()

        network.register_forward_pre_hook(count)
        network.register_forward_hook(end)

    def stop(self):
        """Ends an epoch."""
        if len(self.times) < self.passed // self.images:
            self.times.append(time.perf_counter() - self.start)

    def rate(self):
        """Images a second, the median of the epochs after the first."""
        return self.images / statistics.median(self.times[1:])


def square(image):
    """The largest centred square, as `cohort.square: crop`."""
    from torchvision.transforms.v2 import functional

    return functional.center_crop(image, [min(image.size)])


def plain(place, mirror, epochs):
    """A training loop as torchvision's tutorials have it."""
    import torch
    from torch.utils.data import DataLoader
    from torchvision.datasets import ImageFolder
    from torchvision.transforms import v2

    torch.manual_seed(0)
    canonical = [v2.Grayscale(3), v2.Lambda(square), v2.Resize((SIZE, SIZE))]
    shrunk, grown = 1 - SCALE, 1 + SCALE
    changes = [
        v2.RandomAffine(
            ROTATION,
            (SHIFT, SHIFT),
            (shrunk, grown),
            interpolation=v2.InterpolationMode.BILINEAR,
        ),
        v2.ColorJitter(brightness=LIGHT, contrast=LIGHT),
    ]
    to_tensor = [v2.ToImage(), v2.ToDtype(torch.float32, scale=True), v2.Normalize(MEAN, STD)]
    train = ImageFolder(place / "folders/train", v2.Compose([*canonical, *changes, *to_tensor]))
    test = ImageFolder(place / "folders/test", v2.Compose([*canonical, *to_tensor]))
    loader = DataLoader(
        train, BATCH, shuffle=True, num_workers=WORKERS, persistent_workers=True, drop_last=False
    )
    network = model(mirror, len(train.classes))
    optimizer = torch.optim.AdamW(network.parameters(), RATE, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, RATE, total_steps=epochs * len(loader) + 1
    )
    loss = torch.nn.CrossEntropyLoss()
    times = []
    for _ in range(epochs):
        start = time.perf_counter()
        network.train()
        for images, labels in loader:
            optimizer.zero_grad()
            loss(network(images), labels).backward()
            optimizer.step()
            schedule.step()
        times.append(time.perf_counter() - start)
    network.eval()
    hits = 0
    with torch.no_grad():
        for images, labels in DataLoader(test, 64, num_workers=WORKERS):
            hits += int((network(images).argmax(1) == labels).sum())
    return len(train) / statistics.median(times[1:]), hits / len(test)


def fastai(place, mirror, epochs):
    """A learner of fastai with its own data block, transforms and one-cycle."""
    import torch
    from fastai.vision.all import (
        Callback,
        CategoryBlock,
        DataBlock,
        GrandparentSplitter,
        ImageBlock,
        Learner,
        Normalize,
        PILImage,
        Resize,
        ResizeMethod,
        accuracy,
        aug_transforms,
        get_image_files,
        parent_label,
        set_seed,
    )

    set_seed(0, reproducible=True)
    transforms = aug_transforms(
        do_flip=False,
        max_rotate=ROTATION,
        min_zoom=1 - SCALE,
        max_zoom=1 + SCALE,
        max_lighting=LIGHT,
        max_warp=0,
        p_affine=1,
        p_lighting=1,
    )
    block = DataBlock(
        blocks=(ImageBlock(PILImage), CategoryBlock),
        get_items=get_image_files,
        splitter=GrandparentSplitter("train", "test"),
        get_y=parent_label,
        item_tfms=Resize(SIZE, ResizeMethod.Crop),
        batch_tfms=[*transforms, Normalize.from_stats(MEAN, STD)],
    )
    loaders = block.dataloaders(place / "folders", bs=BATCH, num_workers=WORKERS)
    loaders[0].drop_last = False
    times = []

    class Clock(Callback):
        """The time of each training pass."""

        def before_train(self):
            self.start = time.perf_counter()

        def after_train(self):
            times.append(time.perf_counter() - self.start)

    learner = Learner(
        loaders,
        model(mirror, len(loaders.vocab)),
        loss_func=torch.nn.CrossEntropyLoss(),
        metrics=accuracy,
        cbs=Clock(),
    )
    with learner.no_logging(), learner.no_bar():
        learner.fit_one_cycle(epochs, RATE, wd=0.01)
        accuracy_of_test = learner.validate()[1]
    return len(loaders[0].dataset) / statistics.median(times[1:]), float(accuracy_of_test)


WAYS = {"ours": ours, "plain": plain, "fastai": fastai}
WORDS = {"ours": "this workflow", "plain": "plain torchvision loop", "fastai": "fastai"}


def alone(way, place, mirror, epochs):
    """Runs one way in a process of its own: images a second and test accuracy."""
    command = [sys.executable, __file__, "--way", way, "--place", str(place)]
    command += ["--mirror", str(mirror), "--epochs", str(epochs)]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"error: {WORDS[way]} failed:\n{done.stderr[-2000:]}")
    return json.loads(done.stdout.splitlines()[-1])


def main():
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--mirror", type=Path, required=True, help="folder with the images")
    parser.add_argument("--epochs", type=int, default=8)
    parser.add_argument("--side", type=int, help="long side to which the images are enlarged")
    parser.add_argument("--way", choices=WAYS, help=argparse.SUPPRESS)
    parser.add_argument("--place", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    mirror = options.mirror.resolve()
    if options.way:
        print(json.dumps(WAYS[options.way](options.place, mirror, options.epochs)))
        return
    try:
        import fastai.vision.all  # noqa: F401
    except ImportError:
        sys.exit("error: fastai is missing; run uv pip install --group bench")
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        prepare(place, mirror, options.side)
        results = {way: alone(way, place, mirror, options.epochs) for way in WAYS}
    print("| training | images a second | this workflow is times as fast | test accuracy |")
    print("| --- | --- | --- | --- |")
    for way, (rate, accuracy) in results.items():
        times = "" if way == "ours" else f"{results['ours'][0] / rate:.2f}"
        print(f"| {WORDS[way]} | {rate:.1f} | {times} | {accuracy:.3f} |")


if __name__ == "__main__":
    os.environ.setdefault("PYTHONPATH", str(ROOT / "workflow/scripts"))
    sys.path.insert(0, str(ROOT / "workflow/scripts"))
    main()
