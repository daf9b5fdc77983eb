"""What the explorer says of a model's clusters."""

import pytest

from cxr.core.io import write_json
from cxr.report.explored import explorer_pictures, explorer_verdict


def evidence(verdict, p=0.35, mean=0.9):
    clusters = [{"cluster": 0, "mean": mean, "grade": "stable"}]
    return {
        "verdict": {"verdict": verdict},
        "nulls": {"gaussian": {"p": p}},
        "stability": {"bootstrap": {"clusters": clusters}},
    }


def test_supported_clusters_have_no_banner():
    shown = explorer_verdict(evidence("clusters, explained by view", p=0.02))
    assert shown == {"banner": "", "stability": ["stable (mean Jaccard similarity 0.90)"]}


@pytest.mark.parametrize(
    "verdict",
    ["no clusters beyond chance", "inconclusive: unstable under resampling or re-initialisation"],
)
def test_clusters_that_are_not_supported_are_candidates_with_their_p(verdict):
    banner = explorer_verdict(evidence(verdict))["banner"]
    assert banner.startswith(f"Candidate clusters, not supported, p = 0.350: {verdict}.")


def test_nothing_that_was_not_assessed_is_claimed():
    assert "not tested" in explorer_verdict(None)["banner"]
    few = evidence("inconclusive: 20 images of 30") | {"nulls": None, "stability": None}
    assert explorer_verdict(few) == {
        "banner": "Candidate clusters, not supported: inconclusive: 20 images of 30. The map "
        "opens without them.",
        "stability": [],
    }
    unknown = explorer_verdict(evidence("clusters", mean=None))
    assert unknown["stability"] == ["stability not assessed"]


def test_pictures_are_named_as_the_page_finds_them(tmp_path):
    folder = tmp_path / "explorer" / "pictures"
    assert explorer_pictures(None) is None
    assert explorer_pictures(str(folder)) is None
    write_json({"files": {"a": "00000.jpg"}}, folder / "index.json")
    shown = {"folder": "explorer/pictures", "files": {"a": "00000.jpg"}}
    assert explorer_pictures(str(folder)) == shown
