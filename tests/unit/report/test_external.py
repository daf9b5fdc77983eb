"""The page shows a network's metrics elsewhere beside its own, and says where it fails."""

import pytest

from cxr.core.io import read_csv, write_csv
from cxr.report.external import external_content
from tests.helpers.network_files import write_external
from tests.helpers.report_files import path_of


@pytest.fixture
def content(tmp_path):
    """What the page has of a network that is tested in one source, whose table may be changed."""

    def read(text="site", change=lambda table: table):
        write_external(tmp_path, ["normal", text], text)
        path = path_of(tmp_path, "external")
        write_csv(change(read_csv(path)), path)
        names = ("external_excluded", "external_baselines")
        study = {name: str(path_of(tmp_path, name)) for name in names}
        return external_content({"external": str(path)}, study)["external"]

    return read


def test_a_class_that_is_not_recognised_elsewhere_is_named_first(content):
    [group] = content()
    assert group["falls"]
    assert group["sentence"] == (
        "In images of site, which no part of the training saw, 10% (0% to 20%) of those of normal "
        "are called normal, against 90% of the study's own test images."
    )
    assert (group["excluded"], group["known"]) == (3, 2)
    assert {row["class"] for row in group["rows"]} == {"normal", "site", "all"}
    [baseline] = group["baselines"]
    assert (baseline["name"], baseline["external"]["value"]) == ("border", 0.1)
    first = group["rows"][0]
    assert first["difference"]["value"] == pytest.approx(-0.8)
    assert (first["external"]["value"], first["internal"]["value"]) == (0.1, 0.9)


def test_a_difference_that_may_be_none_is_no_warning(content):
    [group] = content(change=lambda table: table.assign(difference_high=0.1))
    assert not group["falls"]


def test_where_no_class_falls_none_is_named(content):
    [group] = content(change=lambda table: table.assign(difference=0.1))
    assert not group["falls"]
    assert group["sentence"].endswith(
        "no class is found less often than in the study's own test images."
    )


def test_names_that_are_numbers_stay_names(content):
    def numbered(table):
        return table.assign(**{"class": table["class"].map({"normal": 0, "site": 1}), "source": 7})

    [group] = content(change=numbered)
    assert group["source"] == "7"
    assert [row["class"] for row in group["rows"]] == ["0"] * 5 + ["1"] * 5 + ["all"] * 3


def test_a_study_without_external_sources_has_nothing_of_them():
    files = {"external": None, "external_encoder": None}
    assert external_content(files, {}) == {"external": None}
