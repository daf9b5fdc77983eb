"""What burned-in words read like: a date, an identifier, a name."""

import re
from difflib import get_close_matches

DATE, IDENTIFIER, NAME = "a date", "an identifier", "a name"
READS_LIKE = (DATE, IDENTIFIER, NAME)
_DATE = re.compile(
    r"(?<!\d)(\d{1,2}([./-])\d{1,2}\2(\d{4}|\d{2})|(18|19|20)\d\d([./-])\d{1,2}\5\d{1,2}"
    r"|(19|20)\d\d(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01]))(?!\d)"
    r"|\b\d{1,2}[ -]?(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*[ -]?\d{2,4}\b",
    re.IGNORECASE,
)
_IDENTIFIER = re.compile(
    r"\b(id|mrn|pid|ssn|nhs|accession|acc|study ?id|patient ?id|case ?no)\b\s*[:#.]*\s*\w*\d"
    r"|(?<![\d.,:])\d{5,}(?![\d.,:])",
    re.IGNORECASE,
)
_TITLE = re.compile(r"\b(name|patient|mr|mrs|ms|dr|herr|frau|sig|dob|born|geb)\b\s*[.:]?", re.I)
_PAIR = re.compile(r"[^\W\d_]{2,}\s*[,^]\s*[^\W\d_]{2,}")
_WORD = re.compile(r"[^\W\d_]{3,}")
_FIRST_NAME = 4  # letters of the shortest single word that is taken for a name
_ALIKE = 0.8  # of a word that is read with an error
# Words of positions, views, devices and exposures, in the languages of public sets.
_VOCABULARY = """
abdomen acostado acquisition adult allettato and ant anterior apex arm axial bed bedside bmp
cassette chest child clino compress compresso crosstable ctr decub decubitus del der derecha
destra diag dig digital direita direito droite emergency erect erecto exam expiration exposure
face film first flat follow for frontal gauche grid hours hrs icu image img imp inclined
inspiration intensive iso itu izq izquierda kvp lat lateral left letti letto links loc lordotic
lower lying mag mas mobile mono msec none normal oblique ortho ortostasi pacs page pagina pat
paziente ped pediatric pie pied port portable portatile post posterior processed radiography ray
rechts resp rev right scan sdr sec second sedente seduto semi semierect semisupine sentado series
shielded sid side sin sinistra sinistro sit sitting size spine stand standing stehend stretcher
sup supina supine supino the third thorax time torace torax trauma tube und unit upper upright
view ward width window xray zoom
"""
_TECHNICAL = frozenset(_VOCABULARY.split())


def reads_like(words: str) -> str | None:
    """What words may be, one of `READS_LIKE`, or None.

    A name is any word that is none of radiography's, so that it says rather too much than
    too little.
    """
    if _DATE.search(words):
        return DATE
    if _IDENTIFIER.search(words):
        return IDENTIFIER
    unknown = [word for word in _WORD.findall(words.casefold()) if not _is_technical(word)]
    if _TITLE.search(words) and unknown:
        return NAME
    pair = _PAIR.search(words)
    if pair and any(word in pair[0].casefold() for word in unknown):
        return NAME
    return NAME if any(len(word) >= _FIRST_NAME for word in unknown) else None


def _is_technical(word: str) -> bool:
    return word in _TECHNICAL or bool(get_close_matches(word, _TECHNICAL, n=1, cutoff=_ALIKE))
