"""Every rule belongs to one of seven stages."""

import re

import pytest

from cxr.core.paths import ROOT
from cxr.terminal.stages import OTHER, STAGES, TARGETS, stage_of

RULES = [
    rule
    for path in [ROOT / "Snakefile", *sorted((ROOT / "rules").glob("*.smk"))]
    for rule in re.findall(
        r"^\s*(?:rule|use rule \w+ as) (\w+)(?: with)?:", path.read_text(), re.MULTILINE
    )
]


def test_there_are_seven_stages_and_no_rule_is_in_two():
    named = [rule for rules in STAGES.values() for rule in rules]
    assert len(STAGES) == 7
    assert len(named) == len(set(named))


@pytest.mark.parametrize("rule", RULES)
def test_every_rule_has_its_stage(rule):
    assert rule in TARGETS or stage_of(rule) != OTHER


def test_the_table_names_no_rule_that_is_gone():
    assert {rule for rules in STAGES.values() for rule in rules} <= set(RULES)
