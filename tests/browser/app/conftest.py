"""A finished study with the page of its network, and the page opened."""

import pytest

from cxr.networks.weights import load_model
from tests.helpers.app_page import STARTED
from tests.helpers.study import copy_of


@pytest.fixture(scope="session")
def study(finished, tmp_path_factory):
    """A finished study with its page and card."""
    place = copy_of(finished, tmp_path_factory.mktemp("app") / "run")
    place.output = place.snakemake("app", "card").stderr
    return place


@pytest.fixture(scope="session")
def results(study):
    return study.path / "results" / "tiny"


@pytest.fixture
def opened(open_page, results):
    """The page, which can't reach a network; at the end it had no error and sent no request."""
    page = open_page(results / "app" / "conv5.html", wait_for=STARTED, offline=True)
    yield page
    assert page.errors == []
    assert page.requests == []


@pytest.fixture(scope="session")
def network(results):
    folder = results / "models" / "conv5"
    return load_model(folder / "model.safetensors", folder / "model.json")
