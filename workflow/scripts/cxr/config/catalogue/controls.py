"""Features that hold little or nothing of the disease, which the same search is run on.

A new one needs an entry here and its function in `cxr.evidence.controls.FEATURES`.
"""

from dataclasses import dataclass

# Pixels are averaged to a square of this side and reduced to so many principal components.
SIDE = 32
COMPONENTS = 64


@dataclass(frozen=True)
class Control:
    """How a control is described.

    Attributes
    ----------
    label : str
        In figures and tables.
    phrase : str
        In the sentence of the verdict, after "the same clusters are in".
    description : str
        In legends.
    baseline : bool
        Whether the search for similar images offers it as a baseline.
    needs_network : bool
        Whether it is of one trained network, so that an encoder has none of it.
    covers_lungs : bool
        Whether it needs the lungs of the images and the trained network.
    """

    label: str
    phrase: str
    description: str
    baseline: bool = True
    needs_network: bool = False
    covers_lungs: bool = False


PIXELS = "pixels"  # the one that no network is needed for, and the whole image is seen in
CONTROLS = {
    "untrained": Control(
        label="untrained network",
        phrase="features of an untrained network",
        description="the same network before any training",
        needs_network=True,
    ),
    PIXELS: Control(
        label="pixels",
        phrase="the pixels",
        description=f"{SIDE} x {SIDE} pixels, principal components",
    ),
    "border": Control(
        label="border alone",
        phrase="the border alone",
        description=f"border of {SIDE} x {SIDE} pixels, principal components",
        baseline=False,
    ),
    "covered": Control(
        label="lungs covered",
        phrase="the same network's features of images with the lungs covered",
        description="the same network, the lungs painted over",
        baseline=False,
        needs_network=True,
        covers_lungs=True,
    ),
}
# What else similar images are searched in: the backbone with ImageNet weights.
IMAGENET = "imagenet"
BASELINES = (*(name for name, entry in CONTROLS.items() if entry.baseline), IMAGENET)
