"""The terms of a finding: one reading for the words of tables and of the config.

Terms of `cxr.metadata.vocabulary` have one spelling, all others are kept as they stand.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from functools import cache, lru_cache

from cxr.metadata.normalise import tidy
from cxr.metadata.vocabulary import ETIOLOGIES, KINDS, OTHER_WORDS, PARENT, TERMS

NORMAL, ABNORMAL = "No finding", "abnormal"
READINGS = 8  # most texts are stable after two
LONGEST = 200  # characters of a term; what is longer is prose
_STRONG = (
    r"negative for|neg for|(?:no|without) (?:\w+ )?(?:evidence|signs?|indications?) (?:of|for)"
)
_LEADING = re.compile(
    rf"(?:{_STRONG}|no|not|without|w/o|absence of|absent|free of|denies|ruled out|excluded"
    r"|negative|neg)"
    r"[\s_:-]+(?P<rest>\S.*)",
    re.IGNORECASE,
)
_NON = re.compile(r"non[\s_-]*(?P<rest>\S+)", re.IGNORECASE)
_NEGATIVE = r"negative|neg|-ve|absent|no|not detected|not present|not seen|ruled out|excluded"
_TRAILING = re.compile(
    rf"(?P<rest>\S.*?)(?:[\s_:=/-]+(?:is |was |test )?(?:{_NEGATIVE})"
    rf"|\s*\(\s*(?:{_NEGATIVE}|-)\s*\))",
    re.IGNORECASE,
)
_MINUS = re.compile("\\s*[-\u2010-\u2015\u2212]$")
_BARE_NEGATIVE = re.compile(rf"(?:is |was )?(?:{_NEGATIVE})", re.IGNORECASE)
_POSITIVE = re.compile(
    r"(?:positive for|confirmed)[\s_]+(?P<leading>.+)"
    r"|(?P<trailing>.*?)(?:[\s_:=-]+(?:positive|pos|confirmed|yes)"
    r"|\s*\(\s*(?:positive|pos|confirmed|\+)\s*\)|\s*\+(?:ve)?)",
    re.IGNORECASE,
)
_ALTERNATIVES = re.compile(r"\s*(?:/|&|\b(?:or|and|nor)\b)\s*", re.IGNORECASE)
_TOGETHER = re.compile(r"\s+(?:and|with|plus)\s+|\s*[&+]\s*", re.IGNORECASE)
_CONJUNCTION = re.compile(r"^(?:or|and|nor)\s+", re.IGNORECASE)
_QUALIFIED = re.compile(r"[^()]+\([^()]+\)")
# Other marks between the parts of a path.
_MARKS = re.compile(r"\s*(?:\\|>+|->|::?)\s*")
_BUT = re.compile(r"^but\s+", re.IGNORECASE)
# Abbreviations whose slash divides nothing: rule out, with(out), status post, consistent with.
_ABBREVIATION = re.compile(r"\b(?:[rw]/o|s/p|c/w|h/o)\b", re.IGNORECASE)


def terms(finding: object) -> list[str]:
    """The terms of a finding, in the order of the text; those stated to be absent come last.

    Terms are separated by `,`, `;`, `|` or lines, or are a list as text, `['a', 'b']`. Of a path
    such as `Pneumonia/Viral/COVID-19` the last part counts; a slash after other terms of
    the vocabulary separates them, as do "and" and "with", and one between words of
    none is part of a term.

    A negation in front of terms holds for all up to the next `;` or `|`: "Negative for
    pneumonia, effusion" is "no pneumonia" and "no Effusion". "COVID-19 negative" is "no
    COVID-19", as is "COVID-19-".
    """
    text = tidy(re.sub(r"\s*[\r\n]+\s*", ";", finding) if isinstance(finding, str) else finding)
    return list(_terms(text)) if text else []


def finding(text: object) -> str | None:
    """The terms joined by ", ", or None."""
    return ", ".join(terms(text)) or None


def key(term: str) -> str:
    """What spellings of a term have in common: no case, spaces, hyphens, underscores or full stops.

    Between two digits these count, and so does a minus in front of a number or at the end;
    `1.0` is `1`.
    """
    folded = unicodedata.normalize("NFKC", term).casefold().strip()
    folded = re.sub("[\u2010-\u2015\u2212]", "-", folded)
    if re.fullmatch(r"[+-]?[0-9]+\.0+", folded):
        folded = folded.partition(".")[0]
    sign = "-" if re.match(r"-[0-9]", folded) else ""
    minus = "-" if len(folded) > 1 and folded.endswith("-") else ""
    return sign + re.sub(r"(?<![0-9])[\s_.-]+|[\s_.-]+(?![0-9])", "", folded) + minus


def keys(finding: object) -> frozenset[str]:
    """The keys of a finding's terms."""
    return frozenset(map(key, terms(finding)))


def unlisted(finding: object) -> list[str]:
    """The terms of a finding that are not in the vocabulary."""
    return [term for term in terms(finding) if not _listed(term)]


def _listed(term: str) -> bool:
    return any(_known(name) is not None for name in (term, term.removeprefix("no ")))


@cache
def _spellings() -> dict[str, str]:
    """Each term of the vocabulary by the keys of its words."""
    named = {key(term): term for names in reversed(TERMS.values()) for term in names}
    return named | {key(word): term for term, words in OTHER_WORDS.items() for word in words}


def _known(text: str) -> str | None:
    """The term of the vocabulary that a text is, "Pneumonia (viral)" too."""
    known = _spellings().get(key(text))
    if known is None and _QUALIFIED.fullmatch(text):
        known = _spellings().get(key(re.sub("[()]", " ", text)))
    return known


@lru_cache(maxsize=100_000)
def _terms(text: str) -> tuple[str, ...]:
    """The terms, read again until they stay the same: the schema's text has to mean the same."""
    found: tuple[str, ...] = ()
    for _ in range(READINGS):
        found = _read_once(text)
        joined = ", ".join(found)
        if joined in ("", text):
            break
        text = joined
    return found


def _read_once(text: str) -> tuple[str, ...]:
    whole = _known(text)
    if whole is not None:
        return (whole,)
    if re.fullmatch(r"\[.*\]|\{.*\}|\(\s*['\"].*['\"],?\s*\)", text):
        text = re.sub(r"(?<=['\"])\s+(?=['\"])|,", ";", text[1:-1])
    present: list[str] = []
    absent: list[str] = []
    for section in re.split(r"[;|]", text):
        negated = False
        for piece in section.split(","):
            clean = _unwrapped(piece)
            if clean is None:
                continue
            if _BARE_NEGATIVE.fullmatch(clean) and present:
                absent.append(_absence(present.pop()))
                continue
            if negated and _BUT.match(clean):
                negated, clean = False, _BUT.sub("", clean)
            if _known(clean) is None and _LEADING.fullmatch(clean):
                negated = True
                absent += _absent(clean)
            elif negated and _known(clean) != NORMAL:
                absent += _absent("no " + _CONJUNCTION.sub("", clean))
            else:
                for term, is_absent in _stated(clean):
                    (absent if is_absent else present).append(term)
    return tuple(dict.fromkeys([*present, *absent]))


def _unwrapped(piece: str) -> str | None:
    """A piece without the brackets and quotes of a list; null words are None."""
    return tidy(piece.strip(" []{}'\"\u2018\u2019\u201c\u201d"))


def _absent(text: str) -> list[str]:
    """The absent terms of a text that begins with a negation."""
    whole = _known(text)
    if whole is not None:
        return [whole]
    match = _LEADING.fullmatch(text) if len(text) <= LONGEST else None
    rest = match["rest"] if match else text
    parts = [part for part in _ALTERNATIVES.split(rest) if part]
    for names in ([rest], parts):
        known = [_known(name) for name in names]
        if known and all(known):
            return [_absence(name) for name in known if name]
    return [text]


def _absence(term: str) -> str:
    """The term that says that another one is absent."""
    if term == NORMAL:
        return ABNORMAL
    absence = "no " + term
    return _known(absence) or absence


def _stated(clean: str) -> Iterator[tuple[str, bool]]:
    """The terms of a piece without a negation in front, and whether each is absent."""
    if len(clean) > LONGEST:
        yield clean, False
        return
    for part in [clean] if _known(clean) else _parts(clean):
        known = _known(part)
        non, trailing = _NON.fullmatch(part), _TRAILING.fullmatch(part)
        denied = _known(_MINUS.sub("", part))
        if known is not None:
            yield known, False
        elif denied is not None:
            yield _absence(denied), True
        elif non and _known(non["rest"]):
            yield _absence(_known(non["rest"]) or ""), True
        elif trailing:
            rest = trailing["rest"].strip()
            yield _absence(_known(rest) or rest), True
        else:
            positive = _POSITIVE.fullmatch(part)
            base = (positive["leading"] or positive["trailing"] or "") if positive else ""
            yield _known(base) or part, False


def _parts(clean: str) -> Sequence[str]:
    """The terms of a piece that is not in the vocabulary: a path's last, or several."""
    together = _TOGETHER.split(clean)
    if len(together) > 1 and all(map(_known, together)):
        return together
    if "/" not in clean and _known(_MARKS.split(clean)[0]) == PARENT:
        clean = _MARKS.sub("/", clean)
    if "/" not in clean or _ABBREVIATION.search(clean) or _TRAILING.fullmatch(clean):
        return [clean]
    parts = [part for text in clean.split("/") if (part := tidy(text))]
    if len(parts) < 2:
        return parts
    if _known(parts[0]) == PARENT and _is_kind(parts[1]):
        return [KINDS.get(parts[-1].casefold(), parts[-1])]
    known = [_known(part) is not None for part in parts]
    # Of two kinds, as in "viral/bacterial pneumonia", it is not said which.
    either = parts[0].casefold() in KINDS and _known(parts[-1]) in KINDS.values()
    if either or not any(known):
        return [clean]
    return parts if all(known) or not known[-1] else parts[-1:]


def _is_kind(part: str) -> bool:
    return part.casefold() in KINDS or _known(part) in ETIOLOGIES
