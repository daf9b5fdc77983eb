"""Networks and baselines are compared on the same images, with their differences."""

import numpy as np
import pandas as pd
import pytest

from cxr.evaluation.comparison import (
    collect_networks,
    collect_test_predictions,
    comparison_table,
    main_protocol,
    unbeaten_shortcuts,
)
from tests.unit.evaluation.test_network import CLASSES, predicted


def tables():
    networks = {
        "good": predicted(5, "study", "study", shift=0.5)[0],
        "poor": predicted(5, "study", "study")[0],
    }
    networks = {name: collect_test_predictions(table, []) for name, table in networks.items()}
    shortcut, patients = predicted(5, "study", "study", shift=0.45)
    weak, _ = predicted(6, "study", "study")
    weak["class"] = (
        networks["good"].set_index("image_id")["class"].reindex(weak["image_id"]).to_numpy()
    )
    baselines = pd.concat([shortcut.assign(baseline="border"), weak.assign(baseline="shape")])
    return networks, baselines, patients


def test_every_network_gets_its_own_parts():
    study = predicted(5, "study", "study")[0]
    names = ("one", "two")
    parts = [predicted(5, f"{name}{k}", "grouped")[0] for name in names for k in (1, 2)]
    networks = collect_networks(names, [study, study], parts)
    found = {name: set(table["part"]) - {"study"} for name, table in networks.items()}
    assert found == {"one": {"one1", "one2"}, "two": {"two1", "two2"}}
    assert set(networks["one"]["split"]) == {"test"}
    alone = collect_networks(names, [study, study], [])
    assert set(alone["two"]["protocol"]) == {"study"}


def test_a_row_for_each_the_best_first_with_its_difference():
    networks, baselines, patients = tables()
    table = comparison_table(
        networks, baselines, {"good": 10, "poor": 5}, patients, CLASSES, 0, 200
    )
    assert set(table["name"]) == {"good", "poor", "border", "shape"}
    assert table["accuracy"].is_monotonic_decreasing
    best = table.loc[table["kind"] == "network"].iloc[0]
    assert best["name"] == "good"
    assert best[["difference", "difference_low", "difference_high"]].tolist() == [0, 0, 0]
    poor = table.set_index("name").loc["poor"]
    assert poor["difference"] == pytest.approx(best["accuracy"] - poor["accuracy"], abs=1e-6)
    assert poor["difference_low"] <= poor["difference"] <= poor["difference_high"]
    assert table.set_index("name").loc["good", "parameters"] == 10
    assert table.set_index("name")["parameters"].isna().sum() == 2
    for name in CLASSES:
        assert f"recall_{name}" in table


def test_shortcuts_that_are_not_beaten_are_named():
    networks, baselines, patients = tables()
    table = comparison_table(
        networks, baselines, {"good": 10, "poor": 5}, patients, CLASSES, 0, 200
    )
    assert unbeaten_shortcuts(table)["name"].tolist() == ["border"]
    better = table.assign(difference_low=np.where(table["kind"] == "shortcut", 0.01, 0))
    assert unbeaten_shortcuts(better).empty


def test_only_what_does_not_see_the_lungs_is_a_shortcut():
    networks, baselines, patients = tables()
    same = baselines.replace({"baseline": {"border": "lungs only"}})
    table = comparison_table(networks, same, {"good": 10, "poor": 5}, patients, CLASSES, 0, 200)
    kinds = table.set_index("name")["kind"].to_dict()
    assert kinds["lungs only"] == "baseline"
    assert kinds["shape"] == "shortcut"
    assert unbeaten_shortcuts(table).empty


def test_folds_of_patients_count_where_there_are_some():
    assert main_protocol(["random", "study", "grouped"]) == "grouped"
    assert main_protocol(["random", "study"]) == "study"


def test_without_baselines_only_networks_are_compared():
    networks, _, patients = tables()
    table = comparison_table(networks, None, {"good": 10, "poor": 5}, patients, CLASSES, 0, 20)
    assert table["name"].tolist() == ["good", "poor"]
