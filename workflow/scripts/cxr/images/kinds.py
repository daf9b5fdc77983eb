"""What a file is by its first bytes: an image, or which other kind."""

BEGIN = 512
UNREADABLE = "not an image that can be read"
# Kinds that people have among their images, by where their mark stands.
KINDS = (
    (0, b"%PDF", "a PDF document"),
    (0, b"%!PS", "PostScript"),
    (0, b"\xc5\xd0\xd3\xc6", "PostScript"),
    (0, b"8BPS", "a Photoshop file"),
    (0, b"PK\x03\x04", "a zip archive"),
    (0, b"Rar!", "a RAR archive"),
    (0, b"7z\xbc\xaf", "a 7z archive"),
    (0, b"\x1f\x8b", "a file compressed with gzip"),
    (0, b"version https://git-lfs", "a pointer of Git LFS; run git lfs pull"),
    (0, b"SIMPLE  =", "a FITS file"),
    (0, b"\x89HDF", "an HDF5 file"),
    (0, b"\x93NUMPY", "an array of numpy"),
    (0, b"NRRD", "an NRRD volume"),
    (344, b"n+1\0", "a NIfTI volume"),
    (344, b"ni1\0", "a NIfTI volume"),
    (4, b"ftyphei", "HEIC; store it as PNG or JPEG"),
    (4, b"ftyphev", "HEIC; store it as PNG or JPEG"),
    (4, b"ftypmif1", "HEIC; store it as PNG or JPEG"),
    (4, b"ftypavi", "AVIF; store it as PNG or JPEG"),
    (4, b"ftyp", "a video"),
)
MARKUP = ((b"<svg", "SVG"), (b"<!doctype html", "HTML"), (b"<html", "HTML"), (b"<?xml", "XML"))
# TIFF with addresses of 32 or 64 bits; there are more kinds of pixels than any reader knows.
TIFF = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
# The marks of the formats that are read: such a file is damaged.
READABLE = (
    b"\x89PNG",
    b"\xff\xd8\xff",
    *TIFF,
    b"GIF8",
    b"\0\0\0\x0cjP  ",
    b"\xff\x4f",
)


def begins_as_dicom(begin: bytes) -> bool:
    """Whether the first bytes are DICOM's preamble."""
    return begin[128:132] == b"DICM"


def begins_as_image(begin: bytes) -> bool:
    """Whether the first bytes are those of an image of a format that is read."""
    is_bmp = begin.startswith(b"BM") and begin[6:10] == bytes(4)
    is_webp = begin.startswith(b"RIFF") and begin[8:12] == b"WEBP"
    return begin.startswith(READABLE) or is_bmp or is_webp or begins_as_dicom(begin)


def what_it_is(begin: bytes) -> str:
    """Why a file is no image that can be read, by its first `BEGIN` bytes."""
    if begin.startswith(TIFF):
        return "a TIFF that is damaged, or of a kind that is not read"
    if begin.startswith(READABLE):
        return "truncated or damaged"
    for at, mark, what in KINDS:
        if begin.startswith(mark, at):
            return f"{UNREADABLE}: {what}"
    words = begin.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    for mark, what in MARKUP:
        if words.startswith(mark):
            return f"{UNREADABLE}: {what}"
    return f"{UNREADABLE}: text" if _is_text(begin) else UNREADABLE


def _is_text(begin: bytes) -> bool:
    """Whether bytes are letters and line ends, a last letter cut short aside."""
    try:
        text = begin.decode()
    except UnicodeDecodeError as error:
        if error.start < max(1, len(begin) - 3):
            return False
        text = begin[: error.start].decode()
    return all(letter.isprintable() or letter in "\t\r\n" for letter in text)
