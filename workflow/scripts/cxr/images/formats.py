"""The image formats that are read, and how large an image may be.

No other format is tried, whatever a file's name says: some of Pillow's readers start
programs (PostScript), and each is code that a stranger's file reaches. Those that are read
hold one raster, or several of which the first counts, and say its size before they are decoded.
"""

# Suffixes by Pillow's name of the format; DICOM is read by pydicom.
FORMATS = {
    "PNG": (".png",),
    # With several images of a phone or camera (MPO).
    "JPEG": (".jpg", ".jpeg", ".jpe", ".jfif", ".mpo"),
    "TIFF": (".tif", ".tiff"),
    "BMP": (".bmp",),
    "GIF": (".gif",),
    "WEBP": (".webp",),
    "JPEG2000": (".jp2", ".j2k", ".jpx"),
    "PPM": (".ppm", ".pgm", ".pbm", ".pnm"),
}
# Formats whose decoders take more memory a pixel than the others, and how much more.
HEAVY = {"WEBP": 2, "JPEG2000": 4}
DICOM_SUFFIXES = (".dcm", ".dicom")
IMAGE_SUFFIXES = (*(suffix for some in FORMATS.values() for suffix in some), *DICOM_SUFFIXES)
NAMES = f"{', '.join(FORMATS)} or DICOM"

# A film of 35 by 43 cm scanned at 600 dpi has 84 million. Decoding takes up to 12 bytes a pixel
# (a progressive JPEG of four inks), which the rules' `mem_mb` allow for.
MAX_PIXELS = 100_000_000


def too_large(heavy: int = 1) -> str:
    """The reason why an image is too large, of a format that takes so much more memory."""
    return f"more than {MAX_PIXELS // heavy // 10**6} million pixels"


TOO_LARGE = too_large()
# Of DICOM pixels, which take twice as much again while their window is applied: 16 bits or
# three channels of 8 for `MAX_PIXELS`.
MAX_PIXEL_BYTES = 3 * MAX_PIXELS
# What a file may hold beside its pixels: text, colour profiles, previews.
MAX_HEADER = 16 * 2**20
# Four channels of 16 bits, the deepest pixels of these formats, as they are without compression.
MAX_DEPTH = 8
TOO_MUCH_BESIDE = f"more than {MAX_HEADER // 2**20} MB of text or other data beside its pixels"
EXPANDS = f"it expands to more than {MAX_PIXEL_BYTES // 10**6} MB"
# A file of WebP is read whole to learn its size.
LARGE_WEBP = f"a WebP file of more than {MAX_HEADER // 2**20} MB"
CONTRADICTION = "its compressed pixels are not those of its header"
