"""Views and modalities: their names in the shared schema, and the words that mean them.

The config's words and those of tables and DICOM files go through the same functions.
Sources of the words: DICOM PS3.3 C.8.1.1 and C.7.3.1.1.1 (View Position, Modality), and the
published tables of NIH ChestX-ray14, CheXpert, MIMIC-CXR, PadChest, BIMCV-COVID19+, RICORD
and ieee8023/covid-chestxray-dataset.
"""

import re

VIEWS = ("PA", "AP", "AP Supine", "AP Erect", "AP Semi Erect", "L", "Axial", "Coronal")
MODALITIES = ("X-ray", "CT")
RADIOGRAPH = MODALITIES[0]

# Words in lower case without punctuation; what they are replaced by is read below.
_PHRASES = {
    "postero anterior": "pa",
    "posterior anterior": "pa",
    "posteroanterior": "pa",
    "antero posterior": "ap",
    "anterior posterior": "ap",
    "anteroposterior": "ap",
    "p a": "pa",
    "a p": "ap",
    "antpost": "ap",
    "postant": "pa",
    "ant post": "ap",
    "post ant": "pa",
    "aps": "ap supine",
    "semi sitting": "semi",
    "semi erect": "semi",
    "semierect": "semi",
    "semi upright": "semi",
    "semiupright": "semi",
    "semi recumbent": "semi",
    "semirecumbent": "semi",
    "upright": "erect",
    "standing": "erect",
    "horizontal": "supine",
    "recumbent": "supine",
    "lying": "supine",
    "on bed": "bedside",
    "in bed": "bedside",
    "bed": "bedside",
    "cross table lateral": "l",
    "x table lateral": "l",
    "xtable lateral": "l",
    "laterolateral": "l",
    "latero lateral": "l",
    "left lateral": "l",
    "lateral left": "l",
    "right lateral": "l",
    "lateral right": "l",
    "lateral": "l",
    "latl": "l",
    "llat": "l",
    "rlat": "l",
    "lat": "l",
    "ll": "l",
    "rl": "l",
    "transaxial": "axial",
    "transversal": "axial",
    "transverse": "axial",
}
_PHRASE = re.compile(
    rf"\b(?:{'|'.join(sorted(map(re.escape, _PHRASES), key=len, reverse=True))})\b"
)
# Words that say nothing of the projection.
_X_RAY_WORDS = {"cxr", "xr", "cr", "dx", "dr", "rx", "xray", "radiograph", "film"}
_IDLE = {"view", "vp", "projection", "position", "chest", "thorax", "single", "1"}
_PORTABLE = {"portable", "mobile", "bedside"}
_POSTURES = {
    frozenset(): "AP",
    frozenset({"sitting"}): "AP",
    frozenset({"supine"}): "AP Supine",
    frozenset({"erect"}): "AP Erect",
    frozenset({"erect", "sitting"}): "AP Erect",
    frozenset({"semi"}): "AP Semi Erect",
}
_UPRIGHT = {"erect", "sitting"}
_SIDES = {"left", "right", "lt", "rt"}
_PLANES = {"axial": "Axial", "coronal": "Coronal"}

# Words for a modality, and those that may stand beside them.
_KINDS = {
    "X-ray": {
        *("xray", "xrays", "cr", "dx", "dr", "xr", "cxr", "rx", "rg", "radiograph", "radiographs"),
        *("radiography", "radiogram", "roentgenogram", "roentgen", "r\u00f6ntgen"),
    },
    "CT": {"ct", "cts", "hrct", "ldct", "cta", "ctpa"},
}
_BESIDE = {
    "X-ray": {"digital", "computed", "conventional", "plain", "portable", "mobile", "film"},
    "CT": {"scan", "scans", "slice", "slices", "high", "low", "resolution", "dose"},
}
_ANYWHERE = {"chest", "thorax", "torax", "thoracic", "lung", "image", "images"}
_MODALITY_PHRASE = re.compile(
    r"(?P<xray>\bx rays?\b|\bplain films?\b)|\bcomputed tomography\b|\bcomputeri[sz]ed tomography\b"
    r"|\bcat scans?\b"
)


def find_view(text: str) -> str | None:
    """The view of `VIEWS` that a text means, or None where it names none, or two.

    A decubitus, oblique or lordotic projection is none of them; neither is a frontal
    or portable one without its direction.
    """
    words = _PHRASE.sub(lambda found: _PHRASES[found[0]], _plain(text).replace("x ray", "xray"))
    found = set(words.split()) - _IDLE
    for plane, name in _PLANES.items():
        if plane in found:
            return name if found <= {plane, "ct", "plane", "slice", "slices"} else None
    found -= _X_RAY_WORDS
    if "ap" in found:
        return _POSTURES.get(frozenset(found - _PORTABLE - {"ap", "frontal"}))
    if "pa" in found:
        return "PA" if found <= {"pa", "frontal", *_UPRIGHT} else None
    if "l" in found:
        return "L" if found <= {"l", *_SIDES, *_UPRIGHT, *_PORTABLE} else None
    return None


def find_modality(text: str) -> str | None:
    """The modality of `MODALITIES` that a text means, or None where it names none, or two."""
    plain = _MODALITY_PHRASE.sub(lambda found: "xray" if found["xray"] else "ct", _plain(text))
    words = set(plain.split()) - _ANYWHERE
    fitting = [
        name for name, kinds in _KINDS.items() if words & kinds and words <= kinds | _BESIDE[name]
    ]
    return fitting[0] if len(fitting) == 1 else None


def _plain(text: str) -> str:
    """Words in lower case, one space between them."""
    return " ".join(re.findall(r"[^\W_]+", re.sub(r"['\u2019]", "", text.casefold())))
