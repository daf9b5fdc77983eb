"""Views and modalities: their names in the shared schema, and the words that mean them.

The config's words and those of tables and DICOM files go through the same functions.
Sources of the words: DICOM PS3.3 C.8.1.1 and C.7.3.1.1.1 (View Position, Modality), and the
published tables of NIH ChestX-ray14, CheXpert, MIMIC-CXR, PadChest, BIMCV-COVID19+, RICORD
and ieee8023/covid-chestxray-dataset.
"""

import re

VIEWS = ("PA", "AP", "AP Supine", "AP Erect", "AP Semi Erect", "L", "Axial", "Coronal")
MODALITIES = ("X-ray", "CT")

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
    "aps": "ap supine",
    "semi erect": "semi",
    "semierect": "semi",
    "semi upright": "semi",
    "semiupright": "semi",
    "semi recumbent": "semi",
    "semirecumbent": "semi",
    "upright": "erect",
    "standing": "erect",
    "horizontal": "supine",
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
_X_RAY_WORDS = {"cxr", "xr", "cr", "dx", "dr", "xray", "radiograph", "film"}
_IDLE = {"view", "projection", "position", "chest", "thorax"}
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
_PLANES = {"axial": "Axial", "coronal": "Coronal"}

_X_RAYS = {
    *("x ray", "x rays", "xray", "xrays", "cr", "dx", "dr", "xr", "cxr", "rx", "rg"),
    *("radiograph", "radiographs", "radiography", "radiogram", "roentgenogram", "plain film"),
    *("digital radiography", "computed radiography", "conventional radiography"),
    *("projection radiography", "plain radiograph", "plain radiography"),
}
_CTS = {
    *("ct", "hrct", "ldct", "cta", "ctpa", "ct scan", "ct scans", "ct slice", "ct image"),
    *("computed tomography", "computerized tomography", "computerised tomography", "cat scan"),
    *("high resolution ct", "low dose ct", "high resolution computed tomography"),
}
_REGION = re.compile(r"\b(?:chest|thorax|thoracic|lung)\b")


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
        return "L" if found <= {"l", *_UPRIGHT, *_PORTABLE} else None
    return None


def find_modality(text: str) -> str | None:
    """The modality of `MODALITIES` that a text means, or None where it names none, or two."""
    words = " ".join(_REGION.sub(" ", _plain(text)).split())
    if words in _X_RAYS or (words and set(words.split()) <= {"cr", "dx", "dr"}):
        return "X-ray"
    return "CT" if words in _CTS else None


def _plain(text: str) -> str:
    """Words in lower case, one space between them."""
    return " ".join(re.findall(r"[^\W_]+", re.sub(r"['\u2019]", "", text.casefold())))
