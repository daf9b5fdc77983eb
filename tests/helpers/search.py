"""A search of files for words, wherever and however a file may hold them."""

import base64
import binascii
import gzip
import hashlib
import html
import io
import json
import re
import zipfile
import zlib
from urllib.parse import unquote_to_bytes

import pyarrow.parquet as pq

BASE64 = re.compile(rb"[A-Za-z0-9+/]{16,}={0,2}")
STREAM = re.compile(rb"stream\r?\n(.*?)endstream", re.DOTALL)
ENCODINGS = ("utf-8", "utf-16-le", "utf-16-be", "cp1252", "cp1251", "shift_jis", "iso2022_jp")


def files_with(folder, words):
    """The files below a folder that hold one of the words, each with the words; links left out."""
    spelt = {word: spellings(word) for word in words}
    found = {}
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        name = path.relative_to(folder).as_posix()
        parts = [name.encode()]
        if not path.is_symlink():
            parts += contents(path.read_bytes())
        lowered = [part.lower() for part in parts]
        if here := {w for w in words if any(s in part for s in spelt[w] for part in lowered)}:
            found[name] = here
    return found


def spellings(word):
    """The bytes, in lower case, that may stand for a word; those of its plain hashes too."""
    forms = {word, json.dumps(word)[1:-1], html.escape(word), word.replace("^", " ")}
    encoded = set()
    for form in forms:
        for encoding in ENCODINGS:
            try:
                encoded |= {form.encode(encoding), form.lower().encode(encoding)}
            except UnicodeEncodeError:
                continue
    plain = word.encode()
    encoded |= {hashlib.new(name, plain).hexdigest()[:16].encode() for name in ("md5", "sha256")}
    return {data.lower() for data in encoded}


def contents(data, depth=0):
    """The bytes of a file and of what is packed in it."""
    yield data
    if depth == 4:
        return
    for part in unpacked(data):
        yield from contents(part, depth + 1)


def unpacked(data):
    """What is packed in some bytes: archives, tables, streams of a PDF, base64, per cents."""
    if zipfile.is_zipfile(io.BytesIO(data)):
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            yield from map(archive.read, archive.namelist())
    elif data.startswith(b"\x1f\x8b"):
        yield gzip.decompress(data)
    elif data.startswith(b"PAR1"):
        table = pq.read_table(io.BytesIO(data))
        yield json.dumps(table.to_pylist(), default=str, ensure_ascii=False).encode()
        yield repr(table.schema.metadata).encode()
    elif data.startswith(b"%PDF"):
        for stream in STREAM.findall(data):
            try:
                yield zlib.decompress(stream.strip(b"\r\n"))
            except zlib.error:
                continue
    elif is_text(data):
        for match in BASE64.findall(data):
            try:
                yield base64.b64decode(match + b"=" * (-len(match) % 4))
            except binascii.Error:
                continue
        if b"%" in data:
            yield unquote_to_bytes(data)


def is_text(data):
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True
