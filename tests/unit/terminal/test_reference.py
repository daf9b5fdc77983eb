"""The timings that ship are those of real runs, for the rules of the default study."""

import json

import pytest

from cxr.terminal.durations import REFERENCE
from cxr.terminal.growth import START
from cxr.terminal.reference import reference_timings, unhindered
from cxr.terminal.stages import STAGES
from tests.unit.terminal.test_plan import benchmark

# Run on demand, or for what the default study does not have.
NOT_IN_THE_DEMO = {
    *("analyse_metadata", "compare_tags", "import_features", "download_weights", "retrain"),
    *("read_external", "inspect_external", "clean_external", "assemble_external"),
    *("evaluate_external", "validate_baselines"),
    *("export_onnx", "predict", "query_similar", "query_encoder", "export_backbone"),
    *("download_encoder", "encode", "join_encoder"),
    *("encode_external", "validate_encoder"),
    *("fetch_runtime", "make_app", "write_card", "write_crate", "write_datasheet"),
    *("find_text", "record_text", "find_external_text", "record_external_text"),
}


def test_every_rule_of_the_default_study_has_a_time():
    shipped = json.loads(REFERENCE.read_text())["work"]
    rules = {rule for rules in STAGES.values() for rule in rules}
    timed = {work.split()[0] for work in shipped}
    assert rules - NOT_IN_THE_DEMO <= timed <= rules
    assert {"train conv5", "download synthetic"} <= set(shipped)
    assert all(0 <= seconds < 600 for seconds, _ in shipped.values())
    assert {"train conv5", "train mobilenet_v2", "evaluate"} <= {
        work for work, (_, images) in shipped.items() if images
    }


def test_times_are_of_a_unit_of_work_and_the_first_folder_counts(tmp_path):
    phases = [{"epochs": 2, "image_size": 64}]
    two_epochs = {"model": {"architecture": "conv5", "training": {"phases": phases}}}
    benchmark(tmp_path / "demo", "train", 10, 30, cfg=two_epochs)
    benchmark(tmp_path / "other", "train", 1000)
    benchmark(tmp_path / "other", "score", 3)
    benchmark(tmp_path / "third", "embed", 3)
    made = reference_timings([tmp_path / "demo", tmp_path / "other"])
    assert made["studies"] == ["demo", "other"]
    assert made["work"] == {
        "score": [3 - START, None],
        "train": [1000 - START, None],
        "train conv5": [10 - START / 2, None],
    }


@pytest.mark.parametrize(
    ("seconds", "busy", "counted"),
    [(10, 5, 5), (10, 30, 10), (36, 15, 36), (61, 22.5, 30.5), (4, 0, 0.5), (0.1, 0, 0.1)],
)
def test_time_that_others_used_the_core_is_left_out(seconds, busy, counted):
    assert unhindered({"s": seconds, "cpu_time": busy}) == pytest.approx(counted)
