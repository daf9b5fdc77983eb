"""The country in a free-text location, under its common ISO 3166 name."""

from functools import cache

# What pycountry lacks: everyday names, parts of countries, and places that stand alone.
ALIASES = {
    "america": "US",
    "california": "US",
    "catalonia": "ES",
    "chinese university of hong kong": "HK",
    "czech republic": "CZ",
    "diamond princess": "JP",
    "england": "GB",
    "great britain": "GB",
    "holland": "NL",
    "hubei": "CN",
    "ivory coast": "CI",
    "korea": "KR",
    "republic of korea": "KR",
    "macau": "MO",
    "new york": "US",
    "northern ireland": "GB",
    "pr china": "CN",
    "republic of china": "TW",
    "russia": "RU",
    "scotland": "GB",
    "the netherlands": "NL",
    "turkey": "TR",
    "u.k.": "GB",
    "u.s.": "US",
    "u.s.a.": "US",
    "uae": "AE",
    "uk": "GB",
    "us": "US",
    "usa": "US",
    "wales": "GB",
    "wuhan": "CN",
}
# ISO 3166 lists these by themselves; texts name them with or without the country after them.
WITHIN = {"CN": ("HK", "MO")}


def country(location: str | None) -> str | None:
    """The country of a location such as "Hospital, City, Country".

    Parts between commas (or full stops followed by a space) are read from the
    last to the first; only a whole part, or what follows its last "in", counts, so
    that a hospital's name is not read as a country. Hong Kong and Macao keep
    their ISO entries with or without ", China" after them.

    Parameters
    ----------
    location : str or None

    Returns
    -------
    str or None
        The common English name of ISO 3166-1 (pycountry), or None where the
        text names none.
    """
    if not location:
        return None
    parts = [part.strip(" .;").casefold() for part in location.replace(". ", ",").split(",")]
    codes = [_code(part) for part in parts if part]
    for position in range(len(codes) - 1, -1, -1):
        code = codes[position]
        if code is not None:
            inner = next((c for c in codes[:position] if c in WITHIN.get(code, ())), None)
            return _common_names()[inner or code]
    return None


def _code(part: str) -> str | None:
    """The code of a part, or of what follows its last "in": `a ship in Japan`."""
    for name in (part, part.rpartition(" in ")[2]):
        code = ALIASES.get(name) or _codes_by_name().get(name)
        if code is not None:
            return code
    return None


@cache
def _common_names() -> dict[str, str]:
    import pycountry

    return {c.alpha_2: getattr(c, "common_name", c.name) for c in pycountry.countries}


@cache
def _codes_by_name() -> dict[str, str]:
    """ISO codes by every full name of a country, in lower case."""
    import pycountry

    return {
        getattr(entry, key).casefold(): entry.alpha_2
        for entry in pycountry.countries
        for key in ("official_name", "name", "common_name")
        if hasattr(entry, key)
    }
