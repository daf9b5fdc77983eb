"""The amount of a job's work, by its settings."""

import pytest

from cxr.terminal.work import PlannedJob, amount_of, job_words, kind_of

MODEL = {
    "architecture": "resnet18",
    "training": {"phases": [{"epochs": 3, "image_size": 64}, {"epochs": 4, "image_size": 128}]},
}
SEARCH = {"n_perplexities": 10}


@pytest.mark.parametrize(
    ("settings", "amount", "kind"),
    [
        ({"model": MODEL, "seed": 1}, 3 + 4 * 4, "resnet18"),
        ({"run": {"model": MODEL}, "division": {}}, 3 + 4 * 4, "resnet18"),
        ({"name": "a", "source": {"kind": "synthetic", "patients": 30}}, 30, "synthetic"),
        ({"name": "a", "source": {"kind": "git", "commit": "0"}}, 1, "git"),
        ({"tsne": {}, "perplexities": [5, 10, 20], "seeds": [0, 1]}, 6, ""),
        ({"search": SEARCH, "first": 51, "last": 99}, 490, ""),
        ({"search": SEARCH, "resamples": 50}, 500, ""),
        ({"number": 3, "chunks": 4}, 0.25, ""),
        ({"chunk": {"first": 0, "chunks": 8}}, 0.125, ""),
        ({"eps": [0.1, 0.2]}, 1, ""),
        ({}, 1, ""),
        (None, 1, ""),
    ],
)
def test_work_is_counted_by_what_the_settings_repeat(settings, amount, kind):
    assert (amount_of(settings), kind_of(settings)) == (amount, kind)


def test_a_job_is_named_by_its_rule_and_which_of_several_it_is():
    assert job_words("train_fold", {"study": "s", "model": "m", "fold": "1"}) == (
        "train_fold (model m, fold 1)"
    )
    assert PlannedJob("clean_metadata", {"study": "s"}).words == "clean_metadata"
