"""The representations of a study's images that are compared with one another."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cxr.config.catalogue.controls import CONTROLS
from cxr.config.catalogue.search import METRIC, NEIGHBOURS
from cxr.planning.stages import StudyStages

# What a representation is.
NETWORK, ENCODER, IMAGENET, CONTROL = "network", "encoder", "imagenet", "control"


@dataclass(frozen=True)
class Representation:
    """Features of all images by one network or method.

    Attributes
    ----------
    name : str
    kind : str
        network (trained here), encoder, imagenet or control.
    saw_classes : bool
        Whether it was trained on the classes of the training images.
    path : str
        Its table of features, with `{study}`.
    """

    name: str
    kind: str
    saw_classes: bool
    path: str


def representations(stages: StudyStages) -> list[Representation]:
    """Networks, encoders, backbones with ImageNet weights and controls, as the study has them.

    Controls that are of one network are there for each; the others, which are the same for
    all models, once.
    """
    folder = "results/{study}"
    found = [
        Representation(
            model,
            NETWORK if model in stages.networks else ENCODER,
            model in stages.networks,
            f"{folder}/features/{model}.parquet",
        )
        for model in stages.models
    ]
    for backbone in dict.fromkeys(stages.backbones.values()):
        path = f"{folder}/backbones/{backbone}.parquet"
        found.append(Representation(f"ImageNet {backbone}", IMAGENET, False, path))
    for control in dict.fromkeys([*stages.controls, *stages.baselines]):
        entry = CONTROLS[control]
        owners = stages.networks if entry.needs_network else stages.models[:1]
        for model in owners:
            name = f"{entry.label}, {model}" if len(owners) > 1 else entry.label
            name = f"{name} (control)" if name in stages.models else name
            path = f"{folder}/controls/{model}.{control}.parquet"
            found.append(Representation(name, CONTROL, entry.covers_lungs, path))
    return found


def comparison_settings(study: Mapping[str, Any], stages: StudyStages) -> dict[str, Any]:
    """The settings of the comparison, plain; neighbours as of the search for similar images.

    Parameters
    ----------
    study : mapping
        The resolved config.
    stages : StudyStages
    """
    search = study["similarity"] or {"k": NEIGHBOURS, "metric": METRIC}
    return {
        "subjects": [
            {"name": found.name, "kind": found.kind, "saw_classes": found.saw_classes}
            for found in representations(stages)
        ],
        "models": stages.models,
        "k": search["k"],
        "metric": search["metric"],
        "seed": study["seed"],
    }
