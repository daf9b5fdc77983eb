"""The recorded fields: those of the shared schema that a config names, and a study's own ones."""

import re
import unicodedata
from collections.abc import Iterable

# Those that networks and classifiers can predict, or predict from.
TEXTS = ("severity", "location", "country", "sex", "view", "survival")
NUMBERS = ("age_years", "offset_days")
# Those with levels, within which null models can be fitted.
LEVELS = (
    *("source", "country", "view", "sex", "age_band", "doi", "location", "licence"),
    *("survival", "severity", "format", "month", "split"),
)
# Those on which classes are matched, before files are read and splits drawn.
MATCHED = tuple(name for name in LEVELS if name not in ("format", "month", "split"))
# Own fields of the sources in a published layout, by their reader.
OF_READERS = {
    "ieee8023": (
        "extubated",
        "leukocyte_count",
        "lymphocyte_count",
        "needed_supplemental_o2",
        "neutrophil_count",
        "po2_saturation",
        "scanner",
        "temperature",
    ),
}
# Fields that the search for burned-in text adds, beside a study's own.
TEXT_WORDS = "text_words"
OF_TEXT = ("text_present", "text_share", "text_position", TEXT_WORDS)
# Names that a field of a study's own can't have: the shared schema's, and those of other columns.
SHARED = (
    *("image_id", "source", "file", "mask", "patient_id", "finding", "view", "modality", "sex"),
    *("age_years", "date", "offset_days", "country", "location", "survival", "icu", "intubated"),
    *("severity", "severity_extent", "severity_opacity", "licence", "doi", "width", "height"),
    *("format", "sha256"),
)
RESERVED = (
    *("age_band", "bands", "class", "cluster", "distance", "embedding", "features", "intensity"),
    *("month", "near_duplicate_group", "neighbour_id", "predicted", "probability", "problem"),
    *("query_id", "rank", "split", "split_group", "tags"),
)
# Headers of what may name a person: such a column is a field only where the config says so.
PERSONAL = re.compile(
    r"(^|_)(sur|first|last|family|given|middle|vor|nach|patient(en)?_?|full_?)?names?($|_)|birth|dob|geburt"
    r"|address|adresse|phone|telefon|e_?mail|ssn|insurance|versicher|physician|radiologist|doctor"
)
NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,59}")


def name_problem(name: str) -> str | None:
    """Why a field of a study's own can't have a name, None where it can."""
    if not NAME.fullmatch(name):
        return "a name is letters, digits and underscores, a letter first, 60 at most"
    if name.casefold() in SHARED:
        return f"{name.casefold()} is a column of the shared schema; take another name"
    if name.casefold() in (*RESERVED, *OF_TEXT) or re.fullmatch(
        r"f\d+|probability_.*|label_.*", name
    ):
        return "this name is that of another column of the results; take another one"
    return None


def text_fields(words: str) -> list[str]:
    """The fields that the search for burned-in text adds, by what becomes of its words."""
    return [name for name in OF_TEXT if name != TEXT_WORDS or words == "field"]


def field_name(header: str) -> str | None:
    """The name of the own field of a column: `Spannung Röhre (kV)` is `spannung_rohre_kv`.

    None where that can't be such a name.
    """
    letters = unicodedata.normalize("NFKD", header.casefold())
    plain = "".join(letter for letter in letters if not unicodedata.combining(letter))
    name = re.sub(r"[^a-z0-9]+", "_", plain).strip("_")
    return name if name_problem(name) is None else None


def may_name_person(header: str) -> bool:
    """Whether a column's name says that its texts may name a person."""
    return PERSONAL.search(re.sub(r"[^a-z]+", "_", header.casefold())) is not None


def own_fields(names: Iterable[str]) -> list[str]:
    """Those of some columns that are fields of a study's own, sorted."""
    return sorted(name for name in names if name not in SHARED and name not in RESERVED)
