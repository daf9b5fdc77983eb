"""The country of a location is what a reader would say, or none."""

import pytest

from cxr.metadata.countries import country

LOCATIONS = {
    "Cho Ray Hospital, Ho Chi Minh City, Vietnam": "Vietnam",
    "Italy": "Italy",
    "Riccione, Italy ": "Italy",
    "Ospedale Santo Spirito. Rome, Italy": "Italy",
    "Nottingham, United Kingdom ": "United Kingdom",
    "Snohomish County, Washington, USA": "United States",
    "Orange, California, USA": "United States",
    "Myongji Hospital, Goyang, Korea": "South Korea",
    "Taiwan ": "Taiwan",
    "Taoyuan General Hospital, Taoyuan, Taiwan": "Taiwan",
    "Macao, China": "Macao",
    "Hong Kong": "Hong Kong",
    "Prince of Wales Hospital, Hong Kong, China": "Hong Kong",
    "Prince of Wales Hospital, Chinese University of Hong Kong, China": "Hong Kong",
    "Hospital of Wuhan University, Wuhan, China": "China",
    "Jiangxi Provincial People's Hospital, Nanchang, China": "China",
    "Wuhan": "China",
    "Thanh Hóa, Vietnam": "Vietnam",
    "Zahedan, Iran": "Iran",
    "Cairo, Egypt": "Egypt",
    "Laniado Hospital, Netanya, Israel": "Israel",
    "Georgia Medical Center": None,
    "Hospital": None,
    "Atlanta, Georgia, USA": "United States",
    "": None,
    "?": None,
}


@pytest.mark.parametrize(("location", "expected"), LOCATIONS.items())
def test_the_country_is_what_a_reader_would_say(location, expected):
    assert country(location) == expected
