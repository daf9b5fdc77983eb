"""Views and modalities are known by every usual word, and by no other."""

import pytest

from cxr.config.catalogue.projections import MODALITIES, VIEWS, find_modality, find_view

WORDS = {
    "PA": [
        "pa",
        "PA view",
        "P.A.",
        "Post-Ant",
        "vp_pa",
        "RX PA",
        "Posteroanterior",
        "postero-anterior",
        "PA (erect)",
        "CXR PA",
    ],
    "AP": ["AP portable", "ANTEROPOSTERIOR", "A/P", "Frontal AP", "portable AP chest", "AP 1 view"],
    "AP Supine": ["AP (supine)", "APS", "AP_horizontal", "AP portable supine", "AP recumbent"],
    "AP Erect": ["ap erect", "AP upright", "AP standing"],
    "AP Semi Erect": ["AP SEMI-ERECT", "AP semi upright", "AP SEMI"],
    "L": [
        "LL",
        "RL",
        "LLAT",
        "lat.",
        "LATERAL",
        "Lateral left",
        "left lateral",
        "LT LAT",
        "XTABLE LATERAL",
    ],
    "Axial": ["Axial CT", "CT axial", "transverse"],
    "Coronal": ["Coronal CT"],
}
NO_VIEW = [
    *("LLD", "PA LLD", "left lateral decubitus", "LLO", "AP AXIAL", "AP/LAT", "PA and lateral"),
    *("PA/AP", "Frontal", "supine", "PORTABLE CHEST 1 VIEW", "X-ray", "R", "", "AP foo"),
]
KINDS = {
    "X-ray": [
        "CR",
        "DX",
        "DR",
        "XR",
        "CXR",
        "RX",
        "RG",
        "X Ray",
        "x-rays",
        "Radiograph",
        "CR/DX",
        "digital radiography",
        "CR (X-ray)",
        "plain film",
        "portable chest x-ray",
    ],
    "CT": ["chest CT", "CT scan", "CAT scan", "HRCT", "low-dose CT", "Computed Tomography"],
}


@pytest.mark.parametrize("name", VIEWS)
def test_a_view_is_known_by_its_usual_words(name):
    assert {word: find_view(word) for word in [name, *WORDS[name]]} == dict.fromkeys(
        [name, *WORDS[name]], name
    )


@pytest.mark.parametrize("word", NO_VIEW)
def test_other_projections_and_two_at_once_are_no_view(word):
    assert find_view(word) is None


@pytest.mark.parametrize("name", MODALITIES)
def test_a_modality_is_known_by_its_usual_words(name):
    assert {find_modality(word) for word in [name, *KINDS[name]]} == {name}


@pytest.mark.parametrize(
    "word", ["MR", "RF", "PET/CT", "X-ray, CT", "chest", "film", "tomography", "March 2003", ""]
)
def test_other_modalities_and_two_at_once_are_none(word):
    assert find_modality(word) is None
