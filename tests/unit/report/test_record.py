"""The config on the page is one that a person would write, and makes the same study."""

import pytest
import yaml

from cxr.config.resolve import resolve
from cxr.core.paths import ROOT
from cxr.planning.public import public_config
from cxr.report.record import config_text

STUDIES = [ROOT / "config/config.yaml", *sorted((ROOT / "config/studies").glob("*.yaml"))]


@pytest.mark.parametrize("path", STUDIES, ids=lambda path: path.stem)
def test_the_config_on_the_page_is_the_studys(path):
    study = public_config(resolve(yaml.safe_load(path.read_text())))
    text = config_text(study)
    assert resolve(yaml.safe_load(text)) == resolve(study)
    assert "00000000" not in text, "digits of binary arithmetic"


def test_numbers_are_short_and_lists_stand_on_one_line():
    study = {"eps": [0.1, 0.2, 0.30000000000000004, 0.4, 0.5], "classes": ["a", "b"]}
    study |= {"perplexities": [float(i) for i in range(1, 179)], "share": 1 / 3, "few": [1, 2, 4]}
    assert config_text(study).splitlines() == [
        "eps: {start: 0.1, stop: 0.5, step: 0.1}",
        "classes: [a, b]",
        "perplexities: {start: 1, stop: 178, step: 1}",
        "share: 0.3333333333333333",
        "few: [1, 2, 4]",
    ]
