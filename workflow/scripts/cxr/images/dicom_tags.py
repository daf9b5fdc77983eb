"""Tags of DICOM files as own fields: numbers, codes, makers' texts, and hashes of other texts."""

import re
from collections.abc import Collection, MutableSequence
from typing import Any

from cxr.config.dicom_tags import Treatment, field_of, treatment
from cxr.core.errors import InputError
from cxr.core.secret import pseudonym
from cxr.metadata.fields import own_text

MAX_VALUES = 8  # of a tag with several
CODE = re.compile(r"[A-Z0-9 _]{1,16}")
NUMBER = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?")


def require_tags(key: str, keywords: Collection[str]) -> None:
    """Checks that tags can be fields.

    Parameters
    ----------
    key : str
        The config's key that names them.
    keywords : collection of str

    Raises
    ------
    InputError
        With the first that can't be.
    """
    for keyword in keywords:
        try:
            treatment(keyword)
        except ValueError as error:
            raise InputError(f"config key '{key}': {error}") from error


def tag_texts(data: Any, keywords: Collection[str]) -> dict[str, str | None]:
    """The tags of a file by their keywords, several values joined by backslashes.

    A value of another form than its representation asks for is left out, since it may name
    somebody; so is what can't be decoded.

    Parameters
    ----------
    data : pydicom Dataset
    keywords : collection of str
        Those of `cxr.config.dicom_tags.treatment`.
    """
    return {keyword: _text(data, keyword, treatment(keyword)) for keyword in keywords}


def fields_of_tags(texts: dict[str, str | None]) -> dict[str, str | None]:
    """Own fields of the texts of tags, those hashed that are to be.

    Raises
    ------
    InputError
        If there is something to hash, and the secret can't be read or made.
    """
    fields = {}
    for keyword, text in texts.items():
        hashed = text is not None and treatment(keyword) == "hash"
        fields[field_of(keyword)] = f"hash-{pseudonym(f'{keyword} {text}')}" if hashed else text
    return fields


def _text(data: Any, keyword: str, kind: Treatment) -> str | None:
    try:
        value = data.get(keyword)
        parts = list(value)[:MAX_VALUES] if isinstance(value, MutableSequence) else [value]
    except Exception:  # noqa: BLE001 - a damaged value may raise anything
        return None
    # Whatever the dictionary says, a file may have a person or a sequence here.
    values = [own_text(part) if isinstance(part, str | int | float) else None for part in parts]
    if kind == "code":
        values = [part and part.upper() for part in values]
    form = {"number": NUMBER, "code": CODE}.get(kind)
    if form is not None and not all(part is None or form.fullmatch(part) for part in values):
        return None
    return "\\".join(part or "" for part in values) if any(values) else None
