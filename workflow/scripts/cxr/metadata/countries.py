"""The country in a free-text location, under its common ISO 3166 name."""

import re
from collections.abc import Sequence

from cxr.metadata.country_names import (
    ALIASES,
    CITIES,
    FEDERATIONS,
    STATES,
    codes_by_name,
    common_names,
    divisions,
    federal_states,
    folded,
    iso_codes,
    names_within,
    subdivisions,
    translated_names,
    us_codes,
)

# A full stop ends a part, unless it shortens a word: "N. Korea".
DIVIDERS = re.compile(r",|(?<!\b\w)(?<!\b\w{2})(?<!\b\w{3})\. |[()]| - ")
# ISO 3166 lists these by themselves; texts name them with or without the country after them.
WITHIN = {"CN": ("HK", "MO", "TW")}
# A state and a country have this name; these words in the text say that it is the country.
GEORGIA = "georgia"
GEORGIAN = re.compile(r"\b(?:tbilisi|batumi|kutaisi|rustavi|zugdidi|gori|poti|telavi)\b")
# Countries whose places have the code of their state or province after them, in brackets too.
WITH_CODES = (*FEDERATIONS, "BR")
WITH_BRACKETS = (*WITH_CODES, "CH", "IT")
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
    whole = folded(text)
    code = codes_by_name().get(whole) or iso_codes().get(whole.upper())
    code = code or translated_names().get(whole)
    return common_names()[code] if code else country_of_place(text)


def country_of_place(location: str | None) -> str | None:
    """The country of a location such as "Hospital, City, Country".

    Parts between commas (or full stops followed by a space) are read from the
    last to the first; only a whole part, or what follows its last "in", counts, so
    that a hospital's name is not read as a country. Hong Kong, Macao and Taiwan keep
    their ISO entries with or without ", China" after them. The last part may be a country's
    name in another language.

    A state is never read as a country, nor is the city before it: with a state of the
    United States, Canada or Australia at the end, their codes included, the country
    is that of the state. Of a code that a country shares with a state or province the place
    before it decides ("Bergamo (BG)", "Amsterdam, NL"); where it does not ("Boston, MA"), no
    word tells Georgia from Georgia, or the text names two countries, there is none.

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
    return common_names()[found.pop()] if len(found) == 1 else None


def _code_of_place(place: str) -> str | None:
    """The ISO code of the country that one place is in."""
    texts = [text.strip(" .") for text in DIVIDERS.split(place)]
    texts = [text for text in texts if text and not re.fullmatch(r"[0-9-]+", text)]
    parts = [folded(text) for text in texts]
    if not parts:
        return None
    # Some names of ISO 3166 have a comma: "Korea, Republic of".
    last = ", ".join(parts[-2:])
    whole = (codes_by_name().get(last) or ALIASES.get(last)) if len(parts) > 1 else None
    if whole is not None:
        return whole
    state = _by_code(texts[-1], parts[:-1], in_brackets=place.rstrip(" .").endswith(")"))
    if state is None:
        state = _state(parts[-1])
    if state is not None:
        return state or None
    if GEORGIA in (part.rpartition(" in ")[2] for part in parts):
        return _georgia(parts)
    codes = [_code(part) for part in parts]
    # A code of ISO 3166 alone or after a place; among capitals it may be any word.
    if codes[-1] is None and texts[-1].isupper() and (len(parts) == 1 or not place.isupper()):
        codes[-1] = iso_codes().get(texts[-1])
    if codes[-1] is None:
        codes[-1] = translated_names().get(parts[-1])
    return _only_country(parts, codes)


def _by_code(code: str, before: Sequence[str], *, in_brackets: bool) -> str | None:
    """The country that a code after a place means; empty where it is not sure, None if no code.

    Three letters and codes of one meaning are left to others.
    """
    if not before or not re.fullmatch(r"[A-Z]{2,3}", code):
        return None
    city = CITIES.get(before[-1])
    homes = {
        country
        for country, names in divisions().items()
        if code in names and (before[-1] in names[code] or country == city)
    }
    if len(homes) == 1:
        return homes.pop()
    # Ontario is a city in California as well.
    meant = iso_codes().get(code) if code != "CA" else None
    if meant is not None and any(_is_in(part, meant) for part in before):
        return meant
    others = WITH_BRACKETS if in_brackets else WITH_CODES
    shared = [country for country in others if code in divisions()[country]]
    return "" if shared and (in_brackets or code in iso_codes()) else None


def _is_in(part: str, country: str) -> bool:
    """Whether a part names a country, or a division or city of it."""
    return (
        country in (_code(part), CITIES.get(part))
        or country in subdivisions().get(part, ())
        or part.upper() in divisions().get(country, ())
    )


def _only_country(parts: Sequence[str], codes: Sequence[str | None]) -> str | None:
    """The last country that is named, None where one of another country is too."""
    position = max((at for at, code in enumerate(codes) if code is not None), default=-1)
    last = codes[position] if position >= 0 else None
    if last is None:
        return None
    later = [subdivisions().get(part, {last}) for part in parts[position + 1 :]]
    if not all(last in countries for countries in later):
        return None
    result = last
    for at, code in enumerate(codes[:position]):
        if code is None or code == last:
            continue
        if code in WITHIN.get(last, ()):
            result = code
            continue
        # Lebanon, New Hampshire, USA; Puerto Rico, USA; China, Hong Kong.
        inside = parts[at] in names_within(last) or last in WITHIN.get(code, ())
        if not inside and not any(_is_in(part, last) for part in parts[at + 1 : position]):
            return None
    return result


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
    named = STATES.get(name) or federal_states().get(name)
    if named is None and f"US-{name.upper()}" in us_codes():
        return "US" if name != part or name.upper() not in iso_codes() else ""
    return named


def _code(part: str) -> str | None:
    """The code of a part, or of what follows its last "in": `a ship in Japan`."""
    for name in (part, part.rpartition(" in ")[2]):
        code = ALIASES.get(name) or codes_by_name().get(name)
        if code is not None:
            return code
    return None
