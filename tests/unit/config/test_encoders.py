"""The section of an encoder names one model, and says in one line what is wrong with it."""

import pytest
from pydantic import ValidationError

from cxr.config.encoders import TORCHXRAYVISION, Encoder

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.mark.parametrize(
    "section",
    [
        {"library": "transformers", "model": "microsoft/rad-dino", "revision": COMMIT},
        {"library": "torchxrayvision", "model": "densenet121-res224-all", "sha256": "0" * 64},
        {"library": "torchxrayvision", "path": "/models/densenet.pt", "pooling": "pooler"},
        {"library": "timm", "model": "vit_small_patch14_dinov2.lvd142m", "pooling": "cls"},
        {"library": "timm", "model": "timm/vit_small_patch14_dinov2.lvd142m", "revision": COMMIT},
        {"library": "timm", "path": "/models/our-encoder"},
    ],
)
def test_one_model_is_enough(section):
    assert Encoder(**section).batch_size == 32


@pytest.mark.parametrize(
    ("section", "line"),
    [
        ({"library": "keras", "path": "m"}, "'transformers', 'timm' or 'torchxrayvision'"),
        ({"library": "timm"}, "neither model nor path is given"),
        ({"library": "timm", "model": "resnet18", "path": "m"}, "both model and path are given"),
        ({"library": "timm", "path": "m", "revision": COMMIT}, "path has no revision"),
        ({"library": "transformers", "model": "rad-dino"}, "is no name of the hub"),
        ({"library": "transformers", "model": "microsoft/rad-dino"}, "revision is missing"),
        ({"library": "timm", "model": "owner/name"}, "revision is missing"),
        ({"library": "timm", "model": "../resnet18"}, "is no name of a model"),
        ({"library": "timm", "model": "owner/name", "revision": "main"}, "should match pattern"),
        ({"library": "torchxrayvision", "model": "densenet"}, "is no model of torchxrayvision"),
        (
            {"library": "torchxrayvision", "model": TORCHXRAYVISION[0], "revision": COMMIT},
            "have no revisions",
        ),
        (
            {"library": "torchxrayvision", "model": TORCHXRAYVISION[0], "pooling": "cls"},
            "have no tokens",
        ),
        ({"library": "timm", "model": "resnet18", "sha256": "0" * 64}, "sha256 is for models of"),
        ({"library": "timm", "model": "resnet18", "pool": "cls"}, "did you mean pooling?"),
    ],
)
def test_what_is_wrong_stands_in_one_line(section, line):
    with pytest.raises(ValidationError) as caught:
        Encoder(**section)
    (error,) = caught.value.errors()
    assert line in error["msg"]
    assert "\n" not in error["msg"]


def test_the_listed_models_are_those_of_torchxrayvision():
    import torchxrayvision

    named = {name for name in torchxrayvision.models.model_urls if "-res" in name}
    assert set(TORCHXRAYVISION) == named
