"""The image formats that are read, and how large an image may be.

No other format is tried, whatever a file's name says: some of Pillow's readers start
programs (PostScript), and each is code that a stranger's file reaches.
"""

# Suffixes by Pillow's name of the format; DICOM is read by pydicom.
FORMATS = {
    "PNG": (".png",),
    "JPEG": (".jpg", ".jpeg"),
    "TIFF": (".tif", ".tiff"),
    "BMP": (".bmp",),
}
DICOM_SUFFIXES = (".dcm", ".dicom")
IMAGE_SUFFIXES = (*(suffix for some in FORMATS.values() for suffix in some), *DICOM_SUFFIXES)
NAMES = f"{', '.join(FORMATS)} or DICOM"

# A film of 35 by 43 cm scanned at 600 dpi has 84 million. Decoding takes up to 12 bytes a pixel
# (a progressive JPEG of four inks), which the rules' `mem_mb` allow for.
MAX_PIXELS = 100_000_000
TOO_LARGE = f"more than {MAX_PIXELS // 10**6} million pixels"
# Of DICOM pixels, which take twice as much again while their window is applied: 16 bits or
# three channels of 8 for `MAX_PIXELS`.
MAX_PIXEL_BYTES = 3 * MAX_PIXELS
# What a file may hold beside its pixels: text, colour profiles, previews.
MAX_HEADER = 16 * 2**20
# Four channels of 16 bits, the deepest pixels of these formats, as they are without compression.
MAX_DEPTH = 8
TOO_MUCH_BESIDE = f"more than {MAX_HEADER // 2**20} MB of text or other data beside its pixels"
EXPANDS = f"it expands to more than {MAX_PIXEL_BYTES // 10**6} MB"
CONTRADICTION = "its compressed pixels are not those of its header"
