"""The country of a location is what a reader would say, or none."""

import pytest

from cxr.metadata.countries import country, country_of_place

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
    "Emory University Hospital, Atlanta, Georgia": None,
    "Savannah, Georgia": None,
    "Atlanta, Georgia 30303": "United States",
    "Tbilisi, Georgia": "Georgia",
    "Lebanon, New Hampshire": "United States",
    "Lebanon, NH": "United States",
    "Korea, South": "South Korea",
    "Espa\u00f1a": "Spain",
    "Lebanon, PA": None,
    "Beirut, Lebanon": "Lebanon",
    "Peru, Indiana": "United States",
    "Peru, Ill.": "United States",
    "Lima, Peru": "Peru",
    "Lima (Peru)": "Peru",
    "Mexico, Missouri": "United States",
    "Panama City, Florida": "United States",
    "Jersey City, New Jersey": "United States",
    "Albuquerque, New Mexico": "United States",
    "Holland, Michigan": "United States",
    "Jordan, Ontario": "Canada",
    "Boston, MA": None,
    "Boston, MA 02114": "United States",
    "Wilmington, DE": None,
    "Rome, GA": None,
    "Washington, D.C.": "United States",
    "San Juan, Puerto Rico": "Puerto Rico",
    "Paris, FR": "France",
    "Seoul, Korea, Republic of": "South Korea",
    "Tehran, Iran (Islamic Republic of)": "Iran",
    "Ciudad de M\u00e9xico, M\u00e9xico": "Mexico",
    "Italy, Milan": "Italy",
    "Italy / France": None,
    "U.S.A.": "United States",
    "USA": "United States",
    "GBR": "United Kingdom",
    "DE": None,
    "Georgia": None,
}


@pytest.mark.parametrize(("location", "expected"), LOCATIONS.items())
def test_the_country_is_what_a_reader_would_say(location, expected):
    assert country_of_place(location) == expected


CODES = {
    "DE": "Germany",
    "deu": "Germany",
    "CA": "Canada",
    "Georgia": "Georgia",
    "Lebanon, NH": "United States",
    "uk": "United Kingdom",
    "XX": None,
}


@pytest.mark.parametrize(("text", "expected"), CODES.items())
def test_a_column_of_countries_holds_names_and_codes(text, expected):
    assert country(text) == expected
