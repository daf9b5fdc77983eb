"""A sample holds whole patients, no more images than it may, and follows its seed."""

import numpy as np
import pandas as pd
import pytest

from cxr.evidence.sample import Sample, SampleSettings, insufficiency
from cxr.evidence.thresholds import MinimumSize
from cxr.features.tables import features_table


@pytest.fixture
def cohort():
    """Ten patients with three images each."""
    table = pd.DataFrame({"image_id": [f"i{i:02d}" for i in range(30)], "split": "test"})
    owners = [f"p{i // 3}" for i in range(30)]
    return table.assign(**{"class": ["a", "b"] * 15}, patient_id=owners, split_group=owners)


def sample_of(cohort, max_images, seed=0, classes=None):
    features = np.arange(60.0).reshape(30, 2)
    table = features_table(cohort, features)
    settings = SampleSettings(classes, max_images, seed)
    return Sample.of(table, cohort, settings).draw(settings)[0]


def test_as_many_images_as_there_may_be_are_all_of_them(cohort):
    assert sample_of(cohort, 30).n_images == 30
    assert sample_of(cohort, 29).n_images == 27


def test_whole_patients_are_drawn_up_to_the_size(cohort):
    for seed in range(5):
        sample = sample_of(cohort, 12, seed)
        assert (sample.n_images, sample.n_patients) == (12, 4)
        assert np.unique(sample.patients, return_counts=True)[1].tolist() == [3] * 4
        rows = cohort.set_index("image_id").index.get_indexer(sample.image_ids)
        assert (np.diff(rows) > 0).all()
        np.testing.assert_array_equal(sample.features[:, 0], 2 * rows)
    chosen = {tuple(sample_of(cohort, 12, seed).image_ids) for seed in (0, 0, 1, 2)}
    assert len(chosen) == 3


def test_only_the_mapped_classes_are_sampled(cohort):
    sample = sample_of(cohort, 100, classes=("a",))
    assert sample.n_images == 15
    assert set(cohort.set_index("image_id").loc[sample.image_ids, "class"]) == {"a"}


def test_a_sample_is_sufficient_from_the_minimum_on(cohort):
    sample = sample_of(cohort, 30)
    assert sample.is_sufficient(MinimumSize(30, 10))
    assert not sample.is_sufficient(MinimumSize(31, 10))
    assert not sample.is_sufficient(MinimumSize(30, 11))
    assert insufficiency(30, 10, 1, MinimumSize(30, 10)) is None


def whole_of(owners):
    ids = np.array([f"i{i:03d}" for i in range(len(owners))])
    return Sample(ids, np.arange(len(ids))[:, None] * 1.0, np.array(owners))


def test_few_enough_images_are_one_sample_whatever_the_number_of_samples():
    whole = whole_of(["a", "b", "c"])
    (sample,) = whole.draw(SampleSettings(None, 3, 0, samples=5))
    assert sample is whole


def test_samples_share_no_patient_while_patients_suffice():
    whole = whole_of([f"p{i // 2}" for i in range(100)])
    samples = whole.draw(SampleSettings(None, 20, 0, samples=6))
    assert [sample.n_images for sample in samples] == [20] * 6
    for sample in samples:
        assert np.unique(sample.patients, return_counts=True)[1].tolist() == [2] * 10
        np.testing.assert_array_equal(
            sample.features[:, 0], np.flatnonzero(np.isin(whole.image_ids, sample.image_ids))
        )
    drawn = np.concatenate([np.unique(sample.patients) for sample in samples])
    assert len(set(drawn[:50])) == 50, "five samples of ten patients take all fifty"
    assert set(samples[5].patients) != set(samples[0].patients), "then another order"
    again = whole.draw(SampleSettings(None, 20, 0, samples=6))
    assert [s.image_ids.tolist() for s in again] == [s.image_ids.tolist() for s in samples]
    fewer = whole.draw(SampleSettings(None, 20, 0, samples=1))
    assert fewer[0].image_ids.tolist() == samples[0].image_ids.tolist()


def test_a_patient_with_more_images_than_a_sample_is_in_none():
    whole = whole_of(["a"] * 60 + [f"p{i}" for i in range(40)])
    for sample in whole.draw(SampleSettings(None, 50, 0, samples=3)):
        assert sample.n_images == 40
        assert "a" not in sample.patients
