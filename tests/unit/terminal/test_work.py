"""The amount of a job's work, by its settings."""

import pytest

from cxr.terminal.work import PlannedJob, amount_of, job_words

PHASES = {"training": {"phases": [{"epochs": 3}, {"epochs": 4}]}}


@pytest.mark.parametrize(
    ("settings", "amount"),
    [
        ({"model": PHASES, "seed": 1}, 7),
        ({"run": {"model": PHASES}, "division": {}}, 7),
        ({"tsne": {}, "perplexities": [5, 10, 20], "seeds": [0, 1]}, 6),
        ({"search": {"n_perplexities": 10}, "first": 51, "last": 99}, 490),
        ({"search": {"n_perplexities": 10}, "resamples": 50}, 500),
        ({"eps": [0.1, 0.2]}, 1),
        ({}, 1),
        (None, 1),
    ],
)
def test_work_is_counted_by_what_the_settings_repeat(settings, amount):
    assert amount_of(settings) == amount


def test_a_job_is_named_by_its_rule_and_which_of_several_it_is():
    assert job_words("train_fold", {"study": "s", "model": "m", "fold": "1"}) == (
        "train_fold (model m, fold 1)"
    )
    assert PlannedJob("clean_metadata", {"study": "s"}).words == "clean_metadata"
