"""The demo's verdicts, with groups and without, on every kind of processor."""

import pytest

from cxr.core.paths import ROOT
from cxr.evidence.verdict import NO_CLUSTERS, UNEXPLAINED
from tests.helpers.arithmetic import ARITHMETICS, prepare, verdict_of
from tests.helpers.study import workspace

pytestmark = pytest.mark.timeout(1800)

CONFIG = ROOT / "config"
DEMO, NULL = CONFIG / "config.yaml", CONFIG / "studies" / "demo-null.yaml"
# All instructions, precisions and numbers of threads; where nothing is, the two that differ most.
OF_DEMO = (
    "no vectors, one thread",
    "AVX2, two threads",
    "AVX-512, one thread",
    "bfloat16, one thread",
)
OF_NULL = ("no vectors, one thread", "AVX2, two threads")


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    """The results of the demo up to its pixels."""
    return prepare(workspace(tmp_path_factory.mktemp("demo") / "w"), DEMO)


@pytest.fixture(scope="module")
def null(tmp_path_factory):
    """The results of the demo without groups up to its pixels."""
    return prepare(workspace(tmp_path_factory.mktemp("null") / "w"), NULL)


@pytest.mark.parametrize("words", OF_DEMO)
def test_planted_groups_are_found_however_sums_are_rounded(demo, words):
    found = verdict_of(DEMO, demo, ARITHMETICS[words])
    assert found["verdict"] == UNEXPLAINED
    assert found["planted"]["groups"] == 3
    assert found["planted"]["adjusted_rand"] > 0.8


@pytest.mark.parametrize("words", OF_NULL)
def test_one_group_is_not_divided_however_sums_are_rounded(null, words):
    assert verdict_of(NULL, null, ARITHMETICS[words])["verdict"] == NO_CLUSTERS
