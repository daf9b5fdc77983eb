"""The page's section on the review list."""

import numpy as np
import pytest

from cxr.core.io import write_csv
from cxr.report.review import review_content
from tests.helpers.network_files import review_of
from tests.helpers.pages import HOSTILE, PLAIN, build_page, write_study
from tests.helpers.report_files import path_of


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """A study whose names are all hostile."""
    folder = tmp_path_factory.mktemp("study")
    write_study(folder, np.random.default_rng(0), text=HOSTILE)
    return folder


def test_reasons_are_counted_and_the_file_is_named(study):
    content = review_content({"review": str(path_of(study, "review"))})["review"]
    assert content["file"] == "models/net/review.csv"
    assert {row["reason"] for row in content["reasons"]} == {
        "suspected label error",
        "same bytes under another class",
    }
    assert content["with_reason"] == sum(row["images"] for row in content["reasons"])
    assert content["images"] > content["with_reason"]


def test_a_study_without_networks_has_no_list():
    assert review_content({"review": None}) == {"review": None}


def test_the_page_has_the_counts_and_hostile_names_stay_text(study):
    page = build_page(study, HOSTILE, PLAIN)
    assert page.count("<h4>Review</h4>") == 1
    assert "same bytes under another class 1." in page
    assert HOSTILE not in page


def test_a_list_without_reasons_says_so_and_has_no_sheet(study):
    whole = review_of(["normal", HOSTILE], HOSTILE)
    write_csv(whole.loc[whole["reason"].isna()], path_of(study, "review"))
    page = build_page(study, HOSTILE, PLAIN)
    assert f"None of {whole['reason'].isna().sum()} listed images has a reason" in page
    assert "The first images of the review list" not in page
