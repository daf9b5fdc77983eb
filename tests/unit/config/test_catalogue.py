"""What a study can name is listed once: a new control or architecture is one entry and its code."""

import ast

import numpy as np
import pytest
import torch

from cxr.config.catalogue.architectures import ARCHITECTURES, BACKBONES, Architecture
from cxr.config.catalogue.classifiers import CLASSIFIERS
from cxr.config.catalogue.controls import BASELINES, CONTROLS, IMAGENET, Control
from cxr.config.catalogue.fields import NUMBERS, OF_READERS, RESERVED, SHARED, TEXTS, name_problem
from cxr.config.catalogue.null_models import NULL_MODELS, PRIMARY
from cxr.config.catalogue.readers import PUBLISHED, TABLE
from cxr.config.study import Config
from cxr.core.paths import PACKAGE
from cxr.evidence.controls import FEATURES, control_features
from cxr.evidence.null_models import FITS
from cxr.figures.evidence import SUBJECTS
from cxr.metadata.schema import COLUMNS
from cxr.networks.architecture import FAMILIES, build_network
from cxr.report.formatting import null_tests
from cxr.sources.ieee8023 import CLINICAL
from cxr.sources.readers import READERS

CATALOGUE = PACKAGE / "config" / "catalogue"
# Where a name stands besides: the code that only it has, and defaults whose order is another.
CODE = {
    "config/similarity.py": {"pixels", "untrained"},
    "evaluation/baselines.py": {"border"},  # a shortcut, which has its own list there
    "evidence/controls.py": {*CONTROLS},
    "evidence/null_models.py": {*NULL_MODELS},
    "networks/architecture.py": {"conv5"},
}


def choices(section, key):
    """The values that the config's schema allows for a key."""
    schema = Config.model_json_schema()["$defs"][section]["properties"][key]
    schema = schema.get("items", schema)
    return schema.get("enum") or schema["anyOf"][0]["enum"]


@pytest.mark.parametrize(
    ("section", "key", "names"),
    [
        ("Model", "architecture", ARCHITECTURES),
        ("Similarity", "backbone", BACKBONES),
        ("Similarity", "baselines", BASELINES),
        ("Evidence", "controls", CONTROLS),
        ("Evidence", "nulls", NULL_MODELS),
        ("Analysis", "target", TEXTS),
        ("Analysis", "predictors", (*TEXTS, *NUMBERS)),
        ("Tags", "fields", TEXTS),
        ("GitSource", "reader", PUBLISHED),
    ],
)
def test_the_config_allows_what_the_catalogue_lists(section, key, names):
    assert choices(section, key) == list(names)


def test_every_entry_has_its_code():
    assert {entry.family for entry in ARCHITECTURES.values()} == set(FAMILIES)
    assert set(FEATURES) == set(CONTROLS)
    assert set(FITS) == set(NULL_MODELS)
    assert set(READERS) == set(PUBLISHED)
    assert TABLE not in READERS
    assert set(SUBJECTS) == {"features", *CONTROLS}
    assert set(BASELINES) <= {*CONTROLS, IMAGENET}


def test_fields_are_those_of_the_schema_and_of_the_readers():
    assert SHARED == COLUMNS
    assert set(OF_READERS["ieee8023"]) == set(CLINICAL)
    assert not any(name_problem(name) for name in CLINICAL)
    assert all(name_problem(name) for name in (*SHARED, *RESERVED))


def test_names_of_the_catalogue_stand_nowhere_else():
    names = {*ARCHITECTURES, *CONTROLS, *NULL_MODELS, *CLASSIFIERS}
    places = {}
    for path in PACKAGE.parent.rglob("*.py"):
        if path.is_relative_to(CATALOGUE):
            continue
        literals = {
            node.value
            for node in ast.walk(ast.parse(path.read_text()))
            if isinstance(node, ast.Constant) and isinstance(node.value, str)
        }
        if literals & names:
            places[path.relative_to(PACKAGE).as_posix()] = literals & names
    assert places == CODE


def test_an_architecture_of_a_present_family_needs_one_entry(monkeypatch):
    monkeypatch.setitem(ARCHITECTURES, "vgg11", Architecture("features", width=512))
    network = build_network("vgg11", 2, 8, 0.0, seed=0).eval()
    with torch.inference_mode():
        assert network.features(torch.rand(1, 1, 32, 32)).shape == (1, 8)


def test_a_control_needs_one_entry_and_its_features(monkeypatch):
    monkeypatch.setitem(CONTROLS, "corner", Control("corner", "the corner", "a corner's pixels"))
    monkeypatch.setitem(FEATURES, "corner", lambda images, *_: images[:, :2, 0])
    images = np.arange(48, dtype=np.uint8).reshape(3, 4, 4)
    assert control_features("corner", images, {}, 0).shape == (3, 2)
    evidence = {"nulls": {}, "controls": {"corner": {"p": 0.5}}}
    assert null_tests(evidence) == [("corner", PRIMARY, {"p": 0.5})]
