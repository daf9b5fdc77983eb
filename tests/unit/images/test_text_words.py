"""What burned-in words read like: rather too much than too little."""

import pytest

from cxr.images.text_words import DATE, IDENTIFIER, NAME, reads_like


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("2020-1-26", DATE),
        ("19/12/1962", DATE),
        ("20200305", DATE),
        ("03 Mar 2020", DATE),
        ("29/02/2020, 01:36:24", DATE),
        ("ID:1079709", IDENTIFIER),
        ("11872236", IDENTIFIER),
        ("MRN 4711", IDENTIFIER),
        ("DOE^JOHN", NAME),
        ("Rossi, Maria", NAME),
        ("Müller", NAME),
        ("Patient: Li", None),
        ("Name: Kim", NAME),
        ("SHIELDED", None),
        ("AP ERECT", None),
        ("SUPlNE AP", None),
        ("SUPINO A LETTO", None),
        ("R", None),
        ("KV59", None),
        ("10:20:04", None),
        ("mAs:2.60", None),
        ("<script>alert(1)</script>", NAME),
        ("", None),
    ],
)
def test_words_that_may_name_a_person_are_told_from_technical_ones(words, expected):
    assert reads_like(words) == expected
