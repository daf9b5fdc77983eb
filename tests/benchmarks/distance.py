"""How well the distance from the training images tells images of another kind.

    python tests/benchmarks/distance.py --mirror FOLDER [--images 300] [--epochs 8]

Trains one network on radiographs of children (normal, pneumonia) and one on those of adults
(COVID-19, others), each on 70% of the patients, and prints a Markdown table: the ROC-AUC with which
a score tells images of another kind from held-out ones, beside other scores, and the share of each
kind that lies beyond 95% of the held-out images. Some three minutes of one core.
"""

import argparse
import io
import sys
import zipfile
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from sklearn.covariance import LedoitWolf
from sklearn.metrics import roc_auc_score
from sklearn.neighbors import NearestNeighbors
from sklearn.preprocessing import normalize

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "workflow" / "scripts")]

from tests.helpers.learning import AUGMENTATION, PHASE, recipe  # noqa: E402

from cxr.features.extract import extract_features, mean_outputs  # noqa: E402
from cxr.images.canonical import canonical  # noqa: E402
from cxr.images.decode import UnusableImage, read_grey, to_grey  # noqa: E402
from cxr.inference.distance import TrainingDistance, percentiles  # noqa: E402
from cxr.inference.summary import FAR  # noqa: E402
from cxr.networks.architecture import build_network  # noqa: E402
from cxr.networks.weights import load_backbone  # noqa: E402
from cxr.sources import ieee8023, kermany  # noqa: E402
from cxr.training.dataset import TrainingData  # noqa: E402
from cxr.training.loop import train  # noqa: E402

SIZE, FEATURES = 128, 64
SHARES = (0.7, 0.1)  # of the patients: training, validation; the rest are test images


def radiographs(reading, root, most, rng, told):
    """Canonical images of frontal radiographs, a label and a patient each."""
    rows = reading.rows[reading.rows["modality"].eq("X-ray")]
    rows = rows[rows["view"].isin(["PA", "AP", "AP Supine"])]
    rows = rows.sample(min(most, len(rows)), random_state=int(rng.integers(1000)))
    images, labels, patients = [], [], []
    for row in rows.itertuples():
        try:
            images.append(canonical(read_grey(root / row.file), SIZE, "crop"))
        except UnusableImage:
            continue
        labels.append(told in str(row.finding))
        patients.append(row.patient_id)
    return np.stack(images), np.array(labels, dtype=int), np.array(patients)


def slices(path, most):
    """Canonical CT slices of an archive."""
    with zipfile.ZipFile(path) as archive:
        names = sorted(name for name in archive.namelist() if name.endswith((".png", ".jpg")))
        files = [archive.read(name) for name in names[:: max(1, len(names) // most)][:most]]
    return np.stack(
        [canonical(to_grey(Image.open(io.BytesIO(data))), SIZE, "stretch") for data in files]
    )


def divided(patients, rng):
    """Train, validation or test for each image, by patient."""
    order = rng.permutation(np.unique(patients))
    ends = np.cumsum([round(share * len(order)) for share in SHARES])
    of_patient = dict(
        zip(
            order,
            np.repeat(["train", "validation", "test"], np.diff([0, *ends, len(order)])),
            strict=True,
        )
    )
    return np.array([of_patient[patient] for patient in patients])


def trained(images, labels, split, weights, epochs):
    """A network with ImageNet's weights, trained on the images."""
    network = build_network("mobilenet_v2", 2, FEATURES, 0.2, seed=0)
    load_backbone(network, weights)
    phases = [
        {"epochs": 2, "frozen": True, "learning_rate": 0.003},
        {"epochs": epochs, "learning_rate": 0.001},
    ]
    steps = [asdict(PHASE) | {"image_size": SIZE, "keep": "last"} | phase for phase in phases]
    mild = replace(AUGMENTATION, erasing=0.0, noise=0.0)
    train(network, TrainingData(images, labels, split), recipe(*steps, augmentation=mild), seed=0)
    return network


def nearest(train, points):
    """The distance to the nearest training image, of directions (Sun et al., ICML 2022)."""
    model = NearestNeighbors(n_neighbors=1).fit(normalize(train))
    return model.kneighbors(normalize(points))[0][:, 0]


def plain_mahalanobis(train, points):
    """The Mahalanobis distance of the outputs as they are."""
    return LedoitWolf().fit(train).mahalanobis(points)


def scores(network, train, held_out):
    """Scores of images by name, each larger for images of another kind."""
    own, own_features = (of(network, train) for of in (outputs, features))
    distance = TrainingDistance(own, outputs(network, held_out))

    def of(points):
        theirs, theirs_features = (of(network, points) for of in (outputs, features))
        _, probabilities = extract_features(network, points, SIZE)
        return {
            "distance": distance.of(theirs),
            "Mahalanobis": plain_mahalanobis(own, theirs),
            "Mahalanobis, directions": plain_mahalanobis(normalize(own), normalize(theirs)),
            "nearest image": nearest(own, theirs),
            "nearest image, features": nearest(own_features, theirs_features),
            "1 - confidence": 1 - probabilities.max(axis=1),
        }

    return of


def outputs(network, images):
    return mean_outputs(network, images, SIZE).astype(float)


def features(network, images):
    return extract_features(network, images, SIZE)[0].astype(float)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--mirror", type=Path, required=True)
    parser.add_argument("--images", type=int, default=300, help="of each kind, at most")
    parser.add_argument("--epochs", type=int, default=8)
    options = parser.parse_args()
    torch.set_num_threads(1)
    rng = np.random.default_rng(0)
    children, adults = options.mirror / "chest_xray", options.mirror / "covid-chestxray-dataset"
    kinds = {
        "children": radiographs(
            kermany.read("c", children), children, options.images, rng, "pneumonia"
        ),
        "adults": radiographs(ieee8023.read("a", adults), adults, options.images, rng, "COVID-19"),
    }
    ct = slices(
        options.mirror / "COVID-CT" / "Images-processed" / "CT_COVID.zip", options.images // 2
    )
    weights = next((options.mirror / "weights").glob("mobilenet_v2-imagenet*.pth"))
    print("| trained on | images of | score | ROC-AUC | beyond 95% of held-out |")
    print("| --- | --- | --- | --- | --- |")
    for name, (images, labels, patients) in kinds.items():
        split = divided(patients, rng)
        network = trained(images, labels, split, weights, options.epochs)
        of = scores(network, images[split == "train"], images[split != "train"])
        held_out = of(images[split != "train"])
        others = {other: pixels[0] for other, pixels in kinds.items() if other != name}
        for other, pixels in {**others, "CT slices": ct}.items():
            for score, values in of(pixels).items():
                known = np.r_[np.zeros(len(held_out[score])), np.ones(len(values))]
                area = roc_auc_score(known, np.r_[held_out[score], values])
                far = (percentiles(values, held_out[score]) > FAR).mean()
                print(f"| {name} | {other} | {score} | {area:.2f} | {far:.0%} |", flush=True)


if __name__ == "__main__":
    main()
