"""The recorded fields of a map's images."""

import pandas as pd
import pytest

from cxr.explorer.fields import fields_of, pack_fields
from tests.helpers.packed import unpack


def test_fields_are_those_recorded_and_predicted():
    clusters = pd.DataFrame({"image_id": ["a", "b"]})
    cohort = pd.DataFrame({"image_id": ["b", "c", "a"], "class": "ill", "split": "train"})
    metadata = pd.DataFrame({"image_id": ["a", "b"], "country": ["Italy", None], "sex": None})
    predictions = pd.DataFrame({"image_id": ["a", "b"], "predicted": ["ill", "well"]})
    predictions["probability_ill"], predictions["probability_well"] = [0.9, 0.2], [0.1, 0.8]
    table = fields_of(clusters, cohort, metadata, predictions)
    fields = {f["name"]: f for f in pack_fields(table)}
    assert list(fields) == ["class", "country", "predicted", "probability"]
    assert unpack(fields["country"]["values"]).tolist() == [0, -1]
    assert unpack(fields["probability"]["values"]) == pytest.approx([0.9, 0.8])
    assert fields["probability"]["words"] == "probability of the predicted class"
