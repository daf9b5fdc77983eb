"""The page of a network in a browser: images for it, and what it has of them."""

import numpy as np

from tests.helpers.dicom import COMPRESSIONS, compress, deep_pixels, write_dicom

STARTED = "body[data-started]"
# What the page has of each image.
FOUND = """() => app.table.results.map((r) => ({
    name: r.name, pixels: [...r.image.pixels], probabilities: r.probabilities,
    calibrated: r.calibrated, predicted: r.predicted, distance: r.distance,
    neighbours: r.neighbours.map((n) => [app.study.images.image_ids[n.image], n.distance]),
    cam: [...enlarged(r.cams, r.camSize, r.predicted, r.image.width)],
}))"""


def classify(opened, files):
    """Chooses files and returns what the page has of each, and what it refused, by name."""
    opened.page.set_input_files("#choose", [str(file) for file in files])
    done = f"!app.queue.running && app.queue.done >= {len(files)}"
    opened.wait_until(done, seconds=120)
    refused = opened.page.evaluate("app.queue.refused")
    found = {each["name"]: each for each in opened.page.evaluate(FOUND)}
    return found, {each["name"]: each["reason"] for each in refused}


def radiographs(results):
    """Images of the study's source, PNG and JPEG."""
    folder = results.parent / "sources" / "phantoms" / "images"
    suffixes = (".png", ".jpg", ".jpeg")
    found = sorted(path for path in folder.glob("case-*") if path.suffix in suffixes)
    assert {path.suffix for path in found} >= {".png", ".jpg"}
    return found


def dicoms(folder, rng):
    """DICOM files as hospitals have them, by what is special."""
    deep, plain = deep_pixels(rng), (255 * rng.random((70, 80))).astype(np.uint8)
    twelve = {"BitsStored": 12, "HighBit": 11}
    files = {
        "plain": write_dicom(folder / "plain.dcm", plain),
        "inverse": write_dicom(
            folder / "inverse.dcm", plain, PhotometricInterpretation="MONOCHROME1"
        ),
        "window": write_dicom(
            folder / "window.dcm", deep, WindowCenter=1500, WindowWidth=2000, **twelve
        ),
        "rescaled": write_dicom(
            folder / "rescaled.dcm",
            deep,
            **twelve,
            **{"RescaleSlope": 2, "RescaleIntercept": -1000},
            **{"WindowCenter": 2500, "WindowWidth": 5000},
        ),
        "sigmoid": write_dicom(
            folder / "sigmoid.dcm",
            deep,
            **{"WindowCenter": 1900, "WindowWidth": 1500, "VOILUTFunction": "SIGMOID"},
        ),
        "signed": write_dicom(
            folder / "signed.dcm", (deep.astype(np.int32) - 2000).astype(np.int16)
        ),
        "colour": write_dicom(folder / "colour.dcm", np.stack([plain, plain // 2, plain], axis=2)),
    }
    for name in COMPRESSIONS:
        for kind in ("plain", "window"):
            target = folder / f"{name} {kind}.dcm"
            files[f"{name} {kind}"] = compress(files[kind], name, target)
    return files
