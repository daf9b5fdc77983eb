"""What is compared: networks, encoders, backbones and controls, each once and by its own name."""

from cxr.config.resolve import resolve
from cxr.planning.representations import comparison_settings, representations
from cxr.planning.stages import study_stages
from tests.helpers.study import TINY

ENCODER = {"library": "timm", "path": "folder"}
NET = {"architecture": "conv5"}


def found_in(**changes):
    study = resolve(TINY | {"encoders": {"enc": ENCODER}} | changes)
    return study, study_stages(study)


def test_controls_of_a_network_are_there_for_each_and_others_once():
    controls = {"controls": ["pixels", "untrained", "covered"]}
    similarity = {"backbone": "resnet18", "baselines": ["pixels", "imagenet"]}
    _, stages = found_in(
        models={"a": NET, "b": NET},
        evidence=TINY["evidence"] | controls,
        similarity=similarity,
    )
    found = {each.name: each for each in representations(stages)}
    assert list(found) == [
        *("a", "b", "enc", "ImageNet resnet18", "pixels"),
        *("untrained network, a", "untrained network, b"),
        *("lungs covered, a", "lungs covered, b"),
    ]
    folder = "results/{study}"
    assert found["enc"].path == f"{folder}/features/enc.parquet"
    assert found["ImageNet resnet18"].path == f"{folder}/backbones/resnet18.parquet"
    assert found["pixels"].path == f"{folder}/controls/a.pixels.parquet"
    assert found["untrained network, b"].path == f"{folder}/controls/b.untrained.parquet"
    saw = {name for name, each in found.items() if each.saw_classes}
    assert saw == {"a", "b", "lungs covered, a", "lungs covered, b"}


def test_a_model_named_as_a_control_is_told_from_it():
    _, stages = found_in(models={"pixels": NET})
    names = [each.name for each in representations(stages)]
    assert names == ["pixels", "enc", "pixels (control)"]


def test_neighbours_are_those_of_the_search_or_its_defaults():
    study, stages = found_in(similarity={"k": 7, "metric": "centred"})
    settings = comparison_settings(study, stages)
    assert (settings["k"], settings["metric"]) == (7, "centred")
    assert settings["models"] == ["conv5", "enc"]
    settings = comparison_settings(*found_in(similarity=None))
    assert (settings["k"], settings["metric"]) == (36, "cosine")
