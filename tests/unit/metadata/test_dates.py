"""Dates keep the precision that their text has."""

import pytest

from cxr.metadata import dates


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2020", "2020"),
        ("January 22, 2020", "2020-01-22"),
        ("Feb 17, 2020", "2020-02-17"),
        ("Mar 4, 2020", "2020-03-04"),
        ("Sept 4, 2020", "2020-09-04"),
        ("12 March 2020", "2020-03-12"),
        ("19-Jan-20", "2020-01-19"),
        ("March 2003", "2003-03"),
        ("2/29/2020", "2020-02-29"),
        ("03/16/20", "2020-03-16"),
        ("16/03/2020", "2020-03-16"),
        ("3/3/2020", "2020-03-03"),
        ("3/7/2020", "2020"),
        ("01/13/20", "2020-01-13"),
        ("2020-03-04", "2020-03-04"),
        ("January 12", None),
        ("30/30/2020", None),
        ("2/30/2020", None),
        ("0/5/2020", None),
        ("0301-01-01", None),
        ("soon", None),
    ],
)
def test_dates_keep_the_precision_that_the_text_gives(text, expected):
    assert dates.date(text) == expected
