"""The page allows no connection, and text of the data never becomes markup."""

import base64
import hashlib
import re
from collections import Counter

import pytest
import yaml

from cxr.app.page import page_script, page_style, policy, render_card
from cxr.core.markdown import markdown_cell

HOSTILE = "<img src=x onerror=alert(1)> | `*` [a](javascript:alert(1))"


def facts(**changed):
    metric = {
        "id": "accuracy",
        "metric": "accuracy",
        "value": 0.9,
        "low": 0.8,
        "high": 0.95,
        "text": "0.900",
    }
    row = {"class": HOSTILE, "source": "mine", "images": 9, "patients": 8}
    return {
        "study": "mine",
        "model": "conv5",
        "title": 'A "title": with, marks\n---',
        "card": {
            "architecture": "conv5",
            "classes": [HOSTILE, "normal"],
            "image_size": 64,
            "cache_size": 64,
            "square": "crop",
            "feature_dim": 64,
            "parameters": 409524,
            "initial_weights": "none",
        },
        "cohort": [{**row, "train": 5, "validation": 2, "test": 2}],
        "images": 9,
        "patients": 8,
        "protocol": "2 test images of 2 patients, none of them trained on",
        "internal": [{"class": None, **metric}, {"class": HOSTILE, **metric}],
        "external": [],
        "warnings": ["Every image of A is of the source B."],
        "confounding": {"light": "red", "sentence": "The source tells the class."},
        "subgroups": None,
        "sources": [{"name": "mine", "licence": None, "citation": HOSTILE}],
        "software": {"commit": None, "date": None},
        **changed,
    }


def test_its_policy_has_the_hashes_of_its_own_script_and_style_alone():
    script, style = page_script(), page_style()
    rules = dict(rule.split(" ", 1) for rule in policy(script, style).split("; "))
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert rules["script-src"] == f"'sha256-{digest}' blob: 'wasm-unsafe-eval'"
    assert rules["default-src"] == rules["connect-src"] == rules["form-action"] == "'none'"
    assert "unsafe-inline" not in str(rules)
    assert "http" not in str(rules)


def test_no_two_of_its_scripts_declare_the_same_name():
    names = re.findall(r"^(?:async )?(?:function\*?|const|let|class) +(\w+)", page_script(), re.M)
    assert len(names) > 100
    assert [name for name, count in Counter(names).items() if count > 1] == []


def test_its_script_has_nothing_that_makes_markup_or_code_of_text():
    script = page_script()
    for word in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval("):
        assert word not in script
    assert not re.search(r"\b(fetch|XMLHttpRequest|WebSocket|sendBeacon|EventSource)\b", script)


def test_the_card_has_the_metadata_that_model_hubs_read():
    text = render_card(facts())
    assert text.startswith("---\n")
    metadata = yaml.safe_load(text.split("---\n")[1].replace("\\n---", "---"))
    assert metadata["license"] == "other"
    assert metadata["pipeline_tag"] == "image-classification"
    (entry,) = metadata["model-index"]
    (result,) = entry["results"]
    assert result["task"]["type"] == "image-classification"
    assert [metric["value"] for metric in result["metrics"]] == [0.9]
    assert text.endswith(".\n")
    assert "**For research only. This is no medical device:**" in text


def test_the_metadata_have_external_results_beside_those_of_the_study():
    row = {"metric": "balanced accuracy", "images": 90, "low": 0.3, "high": 0.5, "text": "0.400"}
    rows = [
        {**row, "source": HOSTILE, "class": None, "value": 0.4},
        {**row, "source": "empty", "class": None, "value": None},
        {**row, "source": HOSTILE, "class": "normal", "value": 0.6},
    ]
    macro = {**facts()["internal"][0], "id": "macro_f1", "metric": "macro F1", "value": 0.8}
    text = render_card(facts(external=rows, internal=[macro]))
    metadata = yaml.safe_load(text.split("---\n")[1])
    internal, external = metadata["model-index"][0]["results"]
    assert internal["metrics"] == [{"type": "f1", "value": 0.8, "name": "test macro F1"}]
    assert metadata["metrics"] == ["f1"]
    assert external["dataset"]["type"] == HOSTILE
    assert [(metric["type"], metric["value"]) for metric in external["metrics"]] == [
        ("balanced_accuracy", 0.4)
    ]


def test_the_card_says_whether_text_is_painted_over():
    card = facts()["card"]
    assert "painted over" not in render_card(facts())
    assert "painted over" in render_card(facts(card={**card, "hide_text": True}))


def test_text_of_the_data_stays_text_in_the_card():
    text = render_card(facts())
    assert "<img" not in text.replace("\\<img", "")
    assert "[a](" not in text.replace("\\[a\\](", "")
    rows = [line for line in text.splitlines() if line.startswith("| \\<img")]
    assert rows
    assert all(len(re.findall(r"(?<!\\)\|", row)) in (4, 8) for row in rows)


@pytest.mark.parametrize("text", ["two\nlines", "a  b", "x\t|y"])
def test_a_cell_is_one_line(text):
    assert "\n" not in markdown_cell(text)
