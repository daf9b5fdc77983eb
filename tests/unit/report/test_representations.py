"""Representations on the page: which knows the most of the disease, and the least of the source."""

import re

import pytest

from cxr.core.io import write_csv
from cxr.report.inputs import ENCODERS, REPRESENTATIONS
from cxr.report.representations import representation_content, representation_sentence
from tests.helpers.pages import HOSTILE, PLAIN, build_page, write_study
from tests.helpers.representations import table_of, write_representations

ROWS = [
    ("conv5", "network", "class", 0.80, 0.70, 0.90),
    ("rad-dino", "encoder", "class", 0.92, 0.88, 0.96),
    ("pixels", "control", "class", 0.60, 0.50, 0.70),
    ("conv5", "network", "source", 0.70, 0.60, 0.80),
    ("rad-dino", "encoder", "source", 0.90, 0.85, 0.95),
    ("pixels", "control", "source", 0.55, 0.45, 0.65),
]


def test_the_sentence_names_both_and_what_overlaps():
    sentence = representation_sentence(table_of(ROWS))
    assert sentence == (
        "rad-dino knows the most of the class: a linear probe reaches a balanced accuracy of 0.92 "
        "(95% interval 0.88 to 0.96; chance 0.50), and the interval of conv5 overlaps. conv5 knows "
        "the least of the source, 0.70 (95% interval 0.60 to 0.80; chance 0.50); rad-dino reaches "
        "0.90."
    )


def test_one_that_knows_most_and_least_is_said_to():
    rows = [*ROWS[:4], ("rad-dino", "encoder", "source", 0.5, 0.45, 0.55), ROWS[5]]
    assert "It also knows the least of the source, 0.50" in representation_sentence(table_of(rows))


@pytest.mark.parametrize(("value", "range_"), [(0.7, "0.70"), (0.72, "0.70 to 0.72")])
def test_sources_that_are_known_alike_have_no_least(value, range_):
    rows = [*ROWS[:4], ("rad-dino", "encoder", "source", value, 0.61, 0.8), ROWS[5]]
    assert representation_sentence(table_of(rows)).endswith(
        "As far as intervals tell, no network or encoder knows less of the source than another: "
        f"{range_} (chance 0.50)."
    )


def test_a_control_that_knows_most_is_named():
    rows = [*ROWS[:2], ("pixels", "control", "class", 0.99, 0.98, 1.0), *ROWS[3:]]
    sentence = representation_sentence(table_of(rows))
    assert sentence.startswith("pixels knows the most of the class")
    assert "overlap" not in sentence
    assert "conv5 knows the least of the source" in sentence


def test_without_a_source_the_sentence_is_of_the_class_alone():
    assert "source" not in representation_sentence(table_of(ROWS[:3]))
    assert "No class" in representation_sentence(table_of(ROWS[3:]))


def test_columns_hold_what_was_measured(tmp_path):
    write_csv(table_of(ROWS), tmp_path / "representations.csv")
    found = representation_content(str(tmp_path / "representations.csv"))
    assert found["disease"]["columns"] == ["class, linear probe"]
    assert found["fields"]["columns"] == ["source"]
    assert found["fields"]["chance"] == {"source": 0.5}
    by_name = {row["name"]: row for row in found["disease"]["rows"]}
    assert list(by_name) == ["conv5", "rad-dino", "pixels"]
    assert by_name["rad-dino"]["cells"]["class, linear probe"] == {
        **{"value": 0.92, "low": 0.88, "high": 0.96}
    }
    assert (by_name["pixels"]["kind"], by_name["pixels"]["units"]) == ("control", 8)
    assert (found["tested"], found["all"], found["agreement"]) == (None, [], None)
    assert representation_content(None) is None


def test_the_page_has_the_section_and_text_stays_text(tmp_path, rng):
    write_study(tmp_path, rng, HOSTILE)
    rows = [(HOSTILE if name == "rad-dino" else name, *rest) for name, *rest in ROWS]
    write_representations(tmp_path, HOSTILE, table_of(rows), ["enc"])
    page = build_page(tmp_path, HOSTILE, PLAIN | {ENCODERS, REPRESENTATIONS}, encoders=("enc",))
    assert 'id="representations"' in page
    assert 'href="#representations"' in page
    assert "which others trained" in page
    assert re.search(r"<h4>enc</h4>\s*<p>.*Licence:", page)
    assert "unread" in page
    assert "<script>alert(1)" not in page
    assert "onerror=alert(2)>" not in page.replace("&gt;", "&gt;")
    plain = build_page(tmp_path, HOSTILE)
    assert 'id="representations"' not in plain
