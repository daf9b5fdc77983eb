"""The columns that belong together are features, others are fields."""

import pytest

from cxr.core.errors import InputError
from cxr.features.choice import choose_features

FAMILY = {f"f{i}": "float" for i in range(4)}
KINDS = {"age": "float", **FAMILY, "crp": "float", "x_1": "whole", "x_2": "whole", "who": "other"}


@pytest.mark.parametrize(
    ("kinds", "named", "expected"),
    [
        (KINDS, None, list(FAMILY)),
        ({"0": "whole", "1": "whole", "10": "whole", "crp": "float"}, None, ["0", "1", "10"]),
        ({"u": "float", "v": "float", "n": "whole"}, None, ["u", "v"]),
        ({"u1": "float", "v": "float"}, None, ["u1", "v"]),
        ({"u": "float", "v": "float", "day_1": "whole", "day_2": "whole"}, None, ["u", "v"]),
        ({"f0": "float", "f1": "whole", "crp": "float"}, None, ["f0", "f1"]),
        (dict.fromkeys(["mean", "std", "skew", "q25", "q75"], "float"), None, "*"),
        ({**KINDS, "e": "list"}, None, ["e"]),
        (KINDS, "f*", list(FAMILY)),
        (KINDS, "f[12]", ["f1", "f2"]),
        (KINDS, "f[0-9]+", list(FAMILY)),
        (KINDS, "x_[0-9]+", ["x_1", "x_2"]),
        (KINDS, ["crp", "Age "], ["crp", "age"]),
        ({**KINDS, "e": "list"}, "e", ["e"]),
    ],
)
def test_the_columns_that_belong_together_are_features(kinds, named, expected):
    assert choose_features(kinds, named) == (list(kinds) if expected == "*" else expected)


@pytest.mark.parametrize(
    ("named", "message"),
    [
        (["f0", "f9x"], "no column 'f9x'"),
        (["who"], "the column who holds no numbers"),
        (["f0", "e"], "the column e holds lists, and is not the only one"),
        ("g*", "'g\\*' fits no column"),
        ("f[", "'f\\[' is no pattern"),
        ("*", "the column who holds no numbers"),
    ],
)
def test_a_name_that_fits_no_features_is_told(named, message):
    with pytest.raises(InputError, match=rf"config key 'features.columns': .*{message}"):
        choose_features({**KINDS, "e": "list"}, named)
