"""Names and codes of countries, their states, and some cities: ISO 3166 and everyday words."""

import gettext
import unicodedata
from functools import cache

# What pycountry lacks: everyday names, parts of countries, and places that stand alone.
ALIASES = {
    "\u0440\u043e\u0441\u0441\u0438\u044f": "RU",
    "america": "US",
    "bosnia": "BA",
    "brasil": "BR",
    "burma": "MM",
    "cape verde": "CV",
    "catalonia": "ES",
    "chinese university of hong kong": "HK",
    "congo, dem rep": "CD",
    "congo, democratic republic of the": "CD",
    "congo, dr": "CD",
    "congo, drc": "CD",
    "congo, kinshasa": "CD",
    "czech republic": "CZ",
    "dem rep congo": "CD",
    "dem rep of congo": "CD",
    "dem rep of the congo": "CD",
    "democratic republic of the congo": "CD",
    "deutschland": "DE",
    "diamond princess": "JP",
    "dprk": "KP",
    "dr congo": "CD",
    "drc": "CD",
    "england": "GB",
    "eq guinea": "GQ",
    "espana": "ES",
    "great britain": "GB",
    "guinea, equatorial": "GQ",
    "holland": "NL",
    "hong kong sar": "HK",
    "hubei": "CN",
    "ireland, northern": "GB",
    "italia": "IT",
    "ivory coast": "CI",
    "korea": "KR",
    "korea, dem people's rep": "KP",
    "korea, dprk": "KP",
    "korea, north": "KP",
    "korea, south": "KR",
    "macao sar": "MO",
    "macau": "MO",
    "macau sar": "MO",
    "mainland china": "CN",
    "n ireland": "GB",
    "n korea": "KP",
    "northern ireland": "GB",
    "palestine": "PS",
    "papua n guinea": "PG",
    "peoples republic of china": "CN",
    "pr china": "CN",
    "pr of china": "CN",
    "prc": "CN",
    "republic of china": "TW",
    "republic of georgia": "GE",
    "republic of ireland": "IE",
    "republic of korea": "KR",
    "russia": "RU",
    "s africa": "ZA",
    "s korea": "KR",
    "s sudan": "SS",
    "samoa, american": "AS",
    "scotland": "GB",
    "sudan, south": "SS",
    "swaziland": "SZ",
    "the netherlands": "NL",
    "turkey": "TR",
    "u k": "GB",
    "u s": "US",
    "u s a": "US",
    "uae": "AE",
    "uk": "GB",
    "us": "US",
    "usa": "US",
    "w sahara": "EH",
    "wales": "GB",
    "wuhan": "CN",
}
# How newspapers shorten the states that have no such code.
STATES = {
    **dict.fromkeys(("ala", "ariz", "ark", "calif", "colo", "conn", "del", "fla", "ill"), "US"),
    **dict.fromkeys(("ind", "kan", "mass", "mich", "minn", "miss", "mont", "neb", "nev"), "US"),
    **dict.fromkeys(("okla", "ore", "tenn", "tex", "wash", "wva", "wis", "wyo"), "US"),
    "washington dc": "US",
}
# Places in these countries are written with their state or province alone after them.
FEDERATIONS = ("AU", "CA", "US")
# Cities after which a code tells a country from another one's state: "Amsterdam, NL".
CITIES = {
    **dict.fromkeys(("adelaide", "brisbane", "bunbury", "fremantle", "hobart", "melbourne"), "AU"),
    **dict.fromkeys(("mandurah", "perth", "sydney"), "AU"),
    **dict.fromkeys(("belem", "belo horizonte", "brasilia", "campinas", "curitiba"), "BR"),
    **dict.fromkeys(("florianopolis", "fortaleza", "goiania", "manaus", "porto alegre"), "BR"),
    **dict.fromkeys(("recife", "ribeirao preto", "salvador"), "BR"),
    **dict.fromkeys(("calgary", "charlottetown", "edmonton", "halifax", "montreal"), "CA"),
    **dict.fromkeys(("ottawa", "regina", "saskatoon", "st john's", "toronto", "vancouver"), "CA"),
    **dict.fromkeys(("whitehorse", "winnipeg", "yellowknife"), "CA"),
    **dict.fromkeys(("bergen", "oslo", "trondheim"), "NO"),
    **dict.fromkeys(("gothenburg", "lund", "malmo", "stockholm", "uppsala"), "SE"),
    **dict.fromkeys(("amsterdam", "leiden", "maastricht", "nijmegen", "rotterdam"), "NL"),
    **dict.fromkeys(("casablanca", "rabat"), "MA"),
    **dict.fromkeys(("jeddah", "riyadh"), "SA"),
    **{"belgrade": "RS", "bratislava": "SK", "brussels": "BE", "bucharest": "RO"},
    **dict.fromkeys(("mumbai", "nagpur", "pune"), "IN"),
    **{"athens": "GR", "bern": "CH", "geneva": "CH", "lisbon": "PT", "turin": "IT", "vienna": "AT"},
}
# Languages in which names of countries are read.
LANGUAGES = (
    *("ar", "cs", "da", "de", "es", "fr", "it", "ja", "ko", "nb_NO", "nl", "pl", "pt", "ro", "ru"),
    *("sv", "tr", "zh_CN"),
)


def folded(text: str) -> str:
    """In lower case without accents, full stops and surplus space."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    kept = "".join(letter for letter in plain if not unicodedata.combining(letter))
    return " ".join(kept.replace(".", "").replace("\u2019", "'").split())


@cache
def common_names() -> dict[str, str]:
    """The common English name of each country by its ISO code."""
    import pycountry

    return {c.alpha_2: getattr(c, "common_name", c.name) for c in pycountry.countries}


@cache
def codes_by_name() -> dict[str, str]:
    """ISO codes by every full name of a country, folded."""
    import pycountry

    return {
        folded(getattr(entry, key)): entry.alpha_2
        for entry in pycountry.countries
        for key in ("official_name", "name", "common_name")
        if hasattr(entry, key)
    }


@cache
def iso_codes() -> dict[str, str]:
    """ISO 3166-1 alpha-2 codes by themselves and by the alpha-3 codes."""
    import pycountry

    return {
        code: entry.alpha_2
        for entry in pycountry.countries
        for code in (entry.alpha_2, entry.alpha_3)
    }


@cache
def subdivisions() -> dict[str, set[str]]:
    """The countries that have a state, province or region of a name, folded; no country's name."""
    import pycountry

    countries: dict[str, set[str]] = {}
    for entry in pycountry.subdivisions:
        name = folded(entry.name)
        if name not in codes_by_name():
            countries.setdefault(name, set()).add(entry.country_code)
    return countries


@cache
def federal_states() -> dict[str, str]:
    """The states of the United States, and those of the others by names that no country shares."""
    return {
        name: "US" if "US" in countries else next(iter(countries))
        for name, countries in subdivisions().items()
        if "US" in countries or (len(countries) == 1 and countries <= set(FEDERATIONS))
    }


@cache
def us_codes() -> set[str]:
    """Codes of ISO 3166-2 of the states, without the areas that are countries of ISO 3166-1."""
    import pycountry

    return {
        entry.code
        for entry in pycountry.subdivisions
        if entry.country_code == "US" and entry.type in ("State", "District")
    }


@cache
def translated_names() -> dict[str, str]:
    """ISO codes by a country's names in `LANGUAGES`, folded.

    Names of which another country has one, or has a region, are left out: Granada.
    """
    import pycountry

    codes: dict[str, set[str]] = {}
    for language in LANGUAGES:
        words = gettext.translation("iso3166-1", pycountry.LOCALES_DIR, [language], fallback=True)
        for entry in pycountry.countries:
            for key in ("name", "common_name"):
                if hasattr(entry, key):
                    name = folded(words.gettext(getattr(entry, key)))
                    codes.setdefault(name, set()).add(entry.alpha_2)
    others = {*codes_by_name(), *subdivisions(), *STATES, *ALIASES}
    return {
        name: next(iter(found))
        for name, found in codes.items()
        if len(found) == 1 and name not in others
    }


@cache
def divisions() -> dict[str, dict[str, set[str]]]:
    """The folded names of states, provinces and regions, by country and their code in it."""
    import pycountry

    names: dict[str, dict[str, set[str]]] = {}
    for entry in pycountry.subdivisions:
        country, _, code = entry.code.partition("-")
        names.setdefault(country, {}).setdefault(code, set()).add(folded(entry.name))
    return names


@cache
def names_within(country: str) -> frozenset[str]:
    """The folded names of all states, provinces and regions of a country."""
    return frozenset().union(*divisions().get(country, {}).values())
