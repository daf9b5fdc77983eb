"""BibTeX of sources whose texts come from anywhere."""

from cxr.provenance.references import bibtex

SOURCE = {"name": "ours", "citation": "A. Body, 2020", "licence": "CC0", "url": "https://a.org/x_y"}


def test_the_software_and_every_source_have_an_entry():
    text = bibtex([SOURCE, {**SOURCE, "name": "theirs"}], "c0de")
    assert text.count("@") == 3
    assert "@software{cxr-clusters," in text
    assert "note = {commit c0de}" in text
    assert "@misc{theirs," in text
    assert "howpublished = {A. Body, 2020}" in text
    assert "url = {https://a.org/x_y}" in text


def test_what_is_not_known_is_left_out():
    text = bibtex([{"name": "ours", "citation": "", "licence": None}], None)
    assert "commit" not in text
    assert text.endswith("@misc{ours,\n  title = {ours},\n}\n")


def test_no_text_ends_its_field_or_is_a_command():
    hostile = {**SOURCE, "citation": "}, \\input{x}\n% 50 & more", "url": "https://a.org/}"}
    text = bibtex([hostile], None)
    assert r"howpublished = {\}, \textbackslash{}input\{x\} \% 50 \& more}" in text
    assert "url" not in text


def test_a_key_has_no_signs_that_bibtex_reads():
    assert "@misc{a-b-c," in bibtex([{"name": "a,b{c"}], None)
