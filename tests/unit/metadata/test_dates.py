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
        ("2020-03-16 00:00:00", "2020-03-16"),
        ("2020-03-16T10:22:31.5+01:00", "2020-03-16"),
        ("3/16/2020 2:05 PM", "2020-03-16"),
        ("16-MAR-20 10.22.31.000000 AM", "2020-03-16"),
        ("Mar 16 2020 10:22AM", "2020-03-16"),
        ("20200316", "2020-03-16"),
        ("20200316102200.123456", "2020-03-16"),
        ("20200316.0", "2020-03-16"),
        ("2020.03.16", "2020-03-16"),
        ("16.3.20", "2020-03-16"),
        ("12-27-2003", "2003-12-27"),
        ("3/16/98", "1998-03-16"),
        ("16MAR2020", "2020-03-16"),
        ("16MAR2020:10:22:31.000", "2020-03-16"),
        ("2020:03:16 10:22:31", "2020-03-16"),
        ("16-mar-20", "2020-03-16"),
        ("Monday, March 16th, 2020", "2020-03-16"),
        ("Mon Mar 16 10:22:00 2020", "2020-03-16"),
        ("03/2020", "2020-03"),
        ("2020.0", "2020"),
        ("202003", None),
        ("16-03-20", None),
        ("43906", None),
        ("Mar-20", None),
    ],
)
def test_dates_keep_the_precision_that_the_text_gives(text, expected):
    assert dates.date(text) == expected


def test_one_day_above_12_decides_for_the_dates_with_its_separator():
    column = dates.read_column(["3/7/2020", None, "3/16/20", "03.07.2020", "7-3-2020"])
    assert column.values == ["2020-03-07", None, "2020-03-16", "2020", "2020"]
    assert column.ambiguous == [False, False, False, True, True]
    assert dates.read_column(["3.7.2020", "16.3.2020"]).values == ["2020-07-03", "2020-03-16"]


def test_dates_that_contradict_each_other_decide_nothing():
    column = dates.read_column(["3/7/2020", "3/16/2020", "16/3/2020"])
    assert column.values == ["2020", "2020-03-16", "2020-03-16"]
    assert column.ambiguous == [True, False, False]


@pytest.mark.parametrize(
    ("order", "expected"), [("day-first", "2020-07-03"), ("month-first", "2020-03-07")]
)
def test_a_given_order_decides_where_a_date_does_not(order, expected):
    assert dates.read_column(["3/7/2020", "3/16/2020"], order).values == [expected, "2020-03-16"]


def test_a_two_digit_year_may_come_first_and_is_then_unknown():
    column = dates.read_column(["20-03-16", "98-03-13"])
    assert column.values == ["2020-03-16", "1998-03-13"]
    assert dates.read_column(["20-03-16"], "day-first").values == ["2016-03-20"]
    assert dates.read_column(["20-03-16"]).ambiguous == [True]


def test_serial_numbers_are_days_where_the_column_has_nothing_else():
    # Excel shows 43906 as 2020-03-16.
    column = dates.read_column(["43906", None, "43906.0", "43906.43"])
    assert column.values == ["2020-03-16", None, "2020-03-16", "2020-03-16"]
    assert dates.read_column(["43906", "2020"]).values == [None, "2020"]
    assert dates.read_column(["10025"]).values == [None]


def test_a_year_in_front_of_slashes_is_not_taken_for_a_day():
    column = dates.read_column(["20/03/01", "20/03/25", "20/11/30"])
    assert column.values == [None] * 3
    assert all(column.ambiguous)
    given = dates.read_column(["20/03/01", "20/03/25"], "day-first")
    assert given.values == ["2001-03-20", "2025-03-20"]
    days_first = dates.read_column(["05/03/20", "12/03/20", "25/04/20"])
    assert days_first.values == ["2020-03-05", "2020-03-12", "2020-04-25"]


@pytest.mark.parametrize("digits", ["000", "000000", "000000000", "123.0"])
def test_time_since_1970_is_a_day_where_the_column_has_nothing_else(digits):
    column = dates.read_column([f"1583020800{digits}", None])
    assert column.values == ["2020-03-01", None]
    assert dates.read_column([f"1583020800{digits}", "2020-03-01"]).values == [None, "2020-03-01"]
