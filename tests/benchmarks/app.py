"""The page of each architecture in Chromium: sizes, times, and how far it is from torch.

PYTHONPATH=workflow/scripts:. python tests/benchmarks/app.py --mirror FOLDER --runtime FOLDER

Networks have ImageNet weights where the mirror holds them, else random ones; their dense layers are
random. Images are of the mirror. `--runtime` is `results/runtime/files` of a run.
"""

import argparse
import json
import shutil
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from playwright.sync_api import sync_playwright

from cxr.app.content import model_document, page_document
from cxr.app.graph import BrowserGraph, browser_graph
from cxr.app.packing import write_page
from cxr.app.page import render_page
from cxr.app.reference import study_images, training_distance
from cxr.app.runtime import PACKAGES, runtime_files
from cxr.app.separated import separated
from cxr.app.settings import AppSettings
from cxr.config.catalogue.architectures import ARCHITECTURES
from cxr.evaluation.calibration import Calibration
from cxr.evaluation.external import OperatingPoint
from cxr.evaluation.gradcam import grad_cam
from cxr.features.extract import extract_features
from cxr.features.tables import features_table
from cxr.images.canonical import canonical
from cxr.images.decode import read_grey
from cxr.networks.architecture import Network, build_network
from cxr.networks.weights import load_backbone

CLASSES = ["COVID-19", "bacterial", "normal", "viral"]
SIDE, STUDY, NEW = 128, 120, 100
OMITTED = ("resnet152",)  # larger than what the page is meant for
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
NOTHING = {"value": None, "low": None, "high": None}
FOUND = """() => app.table.results.map((r) => ({
    probabilities: r.probabilities, predicted: r.predicted,
    neighbours: r.neighbours.map((n) => n.image),
    cam: [...enlarged(r.cams, r.camSize, r.predicted, r.image.width)],
}))"""


def network_of(architecture: str, mirror: Path) -> Network:
    """A network with the mirror's weights where there are any, and a dense layer that answers."""
    network = build_network(architecture, len(CLASSES), 64, 0.2, seed=1).eval()
    for weights in (mirror / "weights").glob(f"{architecture}-imagenet*"):
        load_backbone(network, weights)
    torch.manual_seed(1)
    for layer in (network.dense[0], network.output[1]):
        torch.nn.init.normal_(layer.weight, std=3 / layer.weight.shape[1] ** 0.5)
    return network


def page_of(
    network: Network, architecture: str, images: np.ndarray, runtime: Path
) -> tuple[str, BrowserGraph]:
    """The page of a network whose study are some images, and its graph."""
    card = {
        "architecture": architecture,
        "classes": CLASSES,
        "image_size": SIDE,
        "cache_size": SIDE,
        "square": "crop",
        "parameters": sum(p.numel() for p in network.parameters()),
    }
    n = len(images)
    cohort = pd.DataFrame(
        {
            "image_id": [f"image {i}" for i in range(n)],
            "class": np.resize(CLASSES, n),
            "split": np.resize(["train", "train", "train", "test"], n),
            "source": "mirror",
        }
    )
    settings = AppSettings("bench", architecture, "Benchmark", 0, "cpu", "centred", 8, ())
    graph = browser_graph(network, card, images)
    features = features_table(cohort, extract_features(network, images, SIDE, device="cpu")[0])
    rates = {
        name: {"at_threshold": {"sensitivity": NOTHING, "specificity": NOTHING}} for name in CLASSES
    }
    metrics = {"splits": {"test": {"per_class": rates}}}
    point = OperatingPoint(np.full(len(CLASSES), 0.5), Calibration(1.0, np.zeros(len(CLASSES))))
    facts: dict[str, Any] = {
        **{"study": "bench", "model": architecture, "title": "Benchmark", "card": card},
        **{"cohort": [], "images": n, "patients": n, "protocol": "", "internal": []},
        **{"external": [], "warnings": [], "subgroups": None, "sources": []},
        **{
            "confounding": {"light": "green", "sentence": ""},
            "software": {"commit": None, "date": None},
        },
    }
    document = page_document(
        facts,
        model_document(card, graph, point, metrics),
        study_images(cohort, images, features, None, settings),
        training_distance(network, card, cohort, images, settings),
    )
    packages = {p.name: {"version": p.version, "licence": p.licence} for p in PACKAGES.values()}
    files = runtime_files(runtime)
    weights, document["separated"] = separated(graph.onnx)
    return render_page(facts, document, weights, files, {"packages": packages}), graph


def measure(page: Path, files: list[Path]) -> dict[str, Any]:
    """Start, time an image, and what the page found, offline."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=ARGUMENTS
        )
        tab = browser.new_context(offline=True).new_page()
        began = time.perf_counter()
        tab.goto(page.as_uri())
        tab.wait_for_selector("body[data-started]", timeout=300_000)
        start = time.perf_counter() - began
        began = time.perf_counter()
        tab.set_input_files("#choose", [str(file) for file in files])
        while tab.evaluate("app.queue.running || !app.table.results.length"):
            tab.wait_for_timeout(20)
        seconds = (time.perf_counter() - began) / len(files)
        found = tab.evaluate(FOUND)
        browser.close()
    return {"start": start, "seconds": seconds, "found": found}


def compare(network: Network, images: np.ndarray, found: list[dict[str, Any]]) -> dict[str, float]:
    """The largest difference of a probability, same classes, and the lowest correlation of maps."""
    _, expected = extract_features(network, images, SIDE, device="cpu")
    ours = np.array([each["probabilities"] for each in found])
    cams = grad_cam(network, images, SIDE, expected.argmax(axis=1), device="cpu")
    correlations = [
        np.corrcoef(each["cam"], cam.ravel())[0, 1]
        for each, cam in zip(found, cams, strict=True)
        if cam.std() > 0
    ]
    return {
        "difference": float(np.abs(ours - expected).max()),
        "same_class": float((ours.argmax(axis=1) == expected.argmax(axis=1)).mean()),
        "cam": float(min(correlations, default=1)),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mirror", type=Path, required=True)
    parser.add_argument("--runtime", type=Path, required=True)
    names = [name for name in ARCHITECTURES if name not in OMITTED]
    parser.add_argument("architectures", nargs="*", default=names)
    options = parser.parse_args()
    files = sorted((options.mirror / "chest_xray").rglob("*.jpeg"))
    rng = np.random.default_rng(0)
    chosen = [files[i] for i in rng.choice(len(files), STUDY + NEW, replace=False)]
    images = np.stack([canonical(read_grey(file), SIDE, "crop") for file in chosen])
    with tempfile.TemporaryDirectory() as folder:
        for name in options.architectures:
            network = network_of(name, options.mirror)
            page = Path(folder) / f"{name}.html"
            text, graph = page_of(network, name, images[:STUDY], options.runtime)
            write_page(text, page)
            run = measure(page, chosen[STUDY:])
            found = compare(network, images[STUDY:], run["found"])
            line = {
                "architecture": name,
                "weights": graph.precision,
                "megabytes": page.stat().st_size / 1e6,
            }
            line |= {"start": run["start"], "seconds": run["seconds"], **found}
            print(json.dumps(line), flush=True)


if __name__ == "__main__":
    main()
