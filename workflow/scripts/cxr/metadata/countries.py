"""The country in a free-text location, under its common ISO 3166 name."""

import re
import unicodedata
from collections.abc import Sequence
from functools import cache

# What pycountry lacks: everyday names, parts of countries, and places that stand alone.
ALIASES = {
    "america": "US",
    "bosnia": "BA",
    "brasil": "BR",
    "burma": "MM",
    "cape verde": "CV",
    "catalonia": "ES",
    "chinese university of hong kong": "HK",
    "czech republic": "CZ",
    "democratic republic of the congo": "CD",
    "deutschland": "DE",
    "diamond princess": "JP",
    "dr congo": "CD",
    "england": "GB",
    "espana": "ES",
    "great britain": "GB",
    "holland": "NL",
    "hong kong sar": "HK",
    "hubei": "CN",
    "italia": "IT",
    "ivory coast": "CI",
    "korea": "KR",
    "korea, south": "KR",
    "macau": "MO",
    "macau sar": "MO",
    "mainland china": "CN",
    "northern ireland": "GB",
    "palestine": "PS",
    "pr china": "CN",
    "prc": "CN",
    "republic of china": "TW",
    "republic of georgia": "GE",
    "republic of ireland": "IE",
    "republic of korea": "KR",
    "russia": "RU",
    "scotland": "GB",
    "swaziland": "SZ",
    "the netherlands": "NL",
    "turkey": "TR",
    "uae": "AE",
    "uk": "GB",
    "us": "US",
    "usa": "US",
    "wales": "GB",
    "wuhan": "CN",
}
# ISO 3166 lists these by themselves; texts name them with or without the country after them.
WITHIN = {"CN": ("HK", "MO")}
# A state and a country have this name; these words in the text say that it is the country.
GEORGIA = "georgia"
GEORGIAN = re.compile(r"\b(?:tbilisi|batumi|kutaisi|rustavi|zugdidi|gori|poti|telavi)\b")
# Places in these countries are written with their state or province alone after them.
FEDERATIONS = ("AU", "CA", "US")
# How newspapers shorten the states that have no such code.
STATES = {
    **dict.fromkeys(("ala", "ariz", "ark", "calif", "colo", "conn", "del", "fla", "ill"), "US"),
    **dict.fromkeys(("ind", "kan", "mass", "mich", "minn", "miss", "mont", "neb", "nev"), "US"),
    **dict.fromkeys(("okla", "ore", "tenn", "tex", "wash", "wva", "wis", "wyo"), "US"),
    "washington dc": "US",
}
POSTCODE = re.compile(r"\s+[0-9]{5}(?:-[0-9]{4})?")


def country(text: str | None) -> str | None:
    """The country of a column of countries: a name, an ISO 3166-1 code, or a place in it.

    Parameters
    ----------
    text : str or None

    Returns
    -------
    str or None
        As of `country_of_place`.
    """
    if not text:
        return None
    whole = _folded(text)
    code = _codes_by_name().get(whole) or _iso_codes().get(whole.upper())
    return _common_names()[code] if code else country_of_place(text)


def country_of_place(location: str | None) -> str | None:
    """The country of a location such as "Hospital, City, Country".

    Parts between commas (or full stops followed by a space) are read from the
    last to the first; only a whole part, or what follows its last "in", counts, so
    that a hospital's name is not read as a country. Hong Kong and Macao keep
    their ISO entries with or without ", China" after them.

    A state is never read as a country, nor is the city before it: with a state of the
    United States, Canada or Australia at the end, their codes included, the country
    is that of the state. Where a code is also one of ISO 3166-1 ("Boston, MA"), no
    word tells Georgia from Georgia, or `;`, `|` and `/` divide places in
    two countries, there is none.

    Parameters
    ----------
    location : str or None

    Returns
    -------
    str or None
        The common English name of ISO 3166-1 (pycountry), or None where the
        text names none.
    """
    found = {
        code
        for place in re.split(r"[;|/\n]", location or "")
        if (code := _code_of_place(place)) is not None
    }
    return _common_names()[found.pop()] if len(found) == 1 else None


def _code_of_place(place: str) -> str | None:
    """The ISO code of the country that one place is in."""
    texts = [text.strip(" .") for text in re.split(r",|\. |[()]| - ", place)]
    texts = [text for text in texts if text and not re.fullmatch(r"[0-9-]+", text)]
    parts = [_folded(text) for text in texts]
    if not parts:
        return None
    # Some names of ISO 3166 have a comma: "Korea, Republic of".
    last = ", ".join(parts[-2:])
    whole = (_codes_by_name().get(last) or ALIASES.get(last)) if len(parts) > 1 else None
    if whole is not None:
        return whole
    state = _state(parts[-1])
    if state is not None:
        return state or None
    if GEORGIA in (part.rpartition(" in ")[2] for part in parts):
        return _georgia(parts)
    codes = [_code(part) for part in parts]
    # A code of ISO 3166 alone or after a place; among capitals it may be any word.
    if codes[-1] is None and texts[-1].isupper() and (len(parts) == 1 or not place.isupper()):
        codes[-1] = _iso_codes().get(texts[-1])
    for position in range(len(codes) - 1, -1, -1):
        code = codes[position]
        if code is not None:
            inner = next((c for c in codes[:position] if c in WITHIN.get(code, ())), None)
            later = [_subdivisions().get(part, {code}) for part in parts[position + 1 :]]
            return (inner or code) if all(code in countries for countries in later) else None
    return None


def _georgia(parts: Sequence[str]) -> str | None:
    """The country of a text with the word Georgia."""
    if any(_code(part) == "US" for part in parts):
        return "US"
    if _code(parts[-1]) not in (None, "GE"):
        return _code(parts[-1])
    return "GE" if GEORGIAN.search(", ".join(parts)) else None


def _state(part: str) -> str | None:
    """The country whose state this is, empty where it may be a country's code, None if no state."""
    name = POSTCODE.sub("", part)
    if name == GEORGIA:
        return "US" if name != part else None
    named = STATES.get(name) or _federal_states().get(name)
    if named is None and f"US-{name.upper()}" in _us_codes():
        return "US" if name != part or name.upper() not in _iso_codes() else ""
    return named


def _code(part: str) -> str | None:
    """The code of a part, or of what follows its last "in": `a ship in Japan`."""
    for name in (part, part.rpartition(" in ")[2]):
        code = ALIASES.get(name) or _codes_by_name().get(name)
        if code is not None:
            return code
    return None


def _folded(text: str) -> str:
    """In lower case without accents, full stops and surplus space."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    kept = "".join(letter for letter in plain if not unicodedata.combining(letter))
    return " ".join(kept.replace(".", "").replace("\u2019", "'").split())


@cache
def _common_names() -> dict[str, str]:
    import pycountry

    return {c.alpha_2: getattr(c, "common_name", c.name) for c in pycountry.countries}


@cache
def _codes_by_name() -> dict[str, str]:
    """ISO codes by every full name of a country, folded."""
    import pycountry

    return {
        _folded(getattr(entry, key)): entry.alpha_2
        for entry in pycountry.countries
        for key in ("official_name", "name", "common_name")
        if hasattr(entry, key)
    }


@cache
def _iso_codes() -> dict[str, str]:
    """ISO 3166-1 alpha-2 codes by themselves and by the alpha-3 codes."""
    import pycountry

    return {
        code: entry.alpha_2
        for entry in pycountry.countries
        for code in (entry.alpha_2, entry.alpha_3)
    }


@cache
def _subdivisions() -> dict[str, set[str]]:
    """The countries that have a state, province or region of a name, folded; no country's name."""
    import pycountry

    countries: dict[str, set[str]] = {}
    for entry in pycountry.subdivisions:
        name = _folded(entry.name)
        if name not in _codes_by_name():
            countries.setdefault(name, set()).add(entry.country_code)
    return countries


@cache
def _federal_states() -> dict[str, str]:
    """The states of the United States, and those of the others by names that no country shares."""
    return {
        name: "US" if "US" in countries else next(iter(countries))
        for name, countries in _subdivisions().items()
        if "US" in countries or (len(countries) == 1 and countries <= set(FEDERATIONS))
    }


@cache
def _us_codes() -> set[str]:
    """Codes of ISO 3166-2 of the states, without the areas that are countries of ISO 3166-1."""
    import pycountry

    return {
        entry.code
        for entry in pycountry.subdivisions
        if entry.country_code == "US" and entry.type in ("State", "District")
    }
